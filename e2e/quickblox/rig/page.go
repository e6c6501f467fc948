package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Page is a web page in a browser, used as a person does: by looking,
// listening and clicking.
type Page struct {
	// Events is what the page's scripts report, its console and its errors.
	Events *Log[ClientEvent]
	// Stanzas is what went over its WebSocket.
	Stanzas *Log[Stanza]
	media   *Latest[int64, Media]
	name    string
	driver  *driver
}

func newPage(name string, d *driver) *Page {
	p := &Page{
		Events: NewLog[ClientEvent](), Stanzas: NewLog[Stanza](), media: NewLatest[int64, Media](),
		name: name, driver: d,
	}
	d.listen(name, p.hear)
	return p
}

// Wait waits until a CSS selector matches something visible.
func (p *Page) Wait(ctx context.Context, selector string) error {
	return p.do(ctx, nil, "wait", map[string]any{"selector": selector})
}

// Click clicks what a CSS selector matches, once it can be clicked.
func (p *Page) Click(ctx context.Context, selector string) error {
	return p.do(ctx, nil, "click", map[string]any{"selector": selector})
}

// Screenshot writes a PNG of what is visible.
func (p *Page) Screenshot(ctx context.Context, path string) error {
	return p.do(ctx, nil, "screenshot", map[string]any{"path": path})
}

// Close closes the page: the user is gone without a word.
func (p *Page) Close(ctx context.Context) error {
	p.driver.listen(p.name, nil)
	return p.do(ctx, nil, "close", map[string]any{})
}

// call calls a method of the page's window.client.
func (p *Page) call(ctx context.Context, result any, method string, args ...any) error {
	if err := p.do(ctx, result, "call", map[string]any{"method": method, "args": args}); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func (p *Page) do(ctx context.Context, result any, op string, args map[string]any) error {
	args["page"] = p.name
	if deadline, ok := ctx.Deadline(); ok {
		args["timeout"] = max(time.Until(deadline).Milliseconds(), 1)
	}
	if err := p.driver.do(ctx, op, args, result); err != nil {
		return fmt.Errorf("page %s: %w", p.name, err)
	}
	return nil
}

// Stanza is one frame of the client's WebSocket.
type Stanza struct {
	At        time.Time `json:"-"`
	Direction string    `json:"direction"` // sent, received
	XML       string    `json:"xml"`
}

// hear keeps what the page reports.
func (p *Page) hear(m driverMessage) {
	switch m.Event {
	case "stanza":
		s := Stanza{At: when(m.At)}
		if json.Unmarshal(m.Data, &s) == nil {
			p.Stanzas.Add(s)
		}
	case "media":
		var media Media
		if json.Unmarshal(m.Data, &media) == nil {
			p.media.Set(media.User, media)
		}
	default:
		e := ClientEvent{At: when(m.At), Name: m.Event}
		if err := json.Unmarshal(m.Data, &e); err != nil {
			e.Text = fmt.Sprintf("%s (%v)", m.Data, err)
		}
		p.Events.Add(e)
	}
}

// WatchRemote begins to measure what the page shows in its element #remote,
// under the name of a user.
func (p *Page) WatchRemote(ctx context.Context, user int64) error {
	return p.call(ctx, nil, "watchRemote", user)
}
