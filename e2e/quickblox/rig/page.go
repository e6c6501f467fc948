package rig

import (
	"context"
	"encoding/json"
	"time"
)

// Page is a web page in a browser, used as a person does: by looking and
// clicking.
type Page struct {
	// Events holds the console and the errors of the page.
	Events *Log[ClientEvent]
	name   string
	driver *driver
}

// Wait waits until a CSS selector matches something visible.
func (p *Page) Wait(ctx context.Context, selector string) error {
	return p.do(ctx, "wait", map[string]any{"selector": selector})
}

// Click clicks what a CSS selector matches, once it can be clicked.
func (p *Page) Click(ctx context.Context, selector string) error {
	return p.do(ctx, "click", map[string]any{"selector": selector})
}

// Screenshot writes a PNG of what is visible.
func (p *Page) Screenshot(ctx context.Context, path string) error {
	return p.do(ctx, "screenshot", map[string]any{"path": path})
}

// Close closes the page.
func (p *Page) Close(ctx context.Context) error {
	p.driver.listen(p.name, nil)
	return p.do(ctx, "close", map[string]any{})
}

func (p *Page) do(ctx context.Context, op string, args map[string]any) error {
	args["page"] = p.name
	if deadline, ok := ctx.Deadline(); ok {
		args["timeout"] = max(time.Until(deadline).Milliseconds(), 1)
	}
	return p.driver.do(ctx, op, args, nil)
}

func (p *Page) hear(m driverMessage) {
	e := ClientEvent{At: when(m.At), Name: m.Event}
	if json.Unmarshal(m.Data, &e) == nil {
		p.Events.Add(e)
	}
}
