package update

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// ErrBusy says that an update is under way already.
var ErrBusy = errors.New("an update is under way already")

// Client is the update client. Its methods may be called by several goroutines.
type Client struct {
	ports Ports
	log   *slog.Logger

	mu     sync.Mutex
	config Config
	status Status
}

// New makes a client; it does nothing before [Client.Run].
func New(config Config, ports Ports, log *slog.Logger) *Client {
	return &Client{config: config.withDefaults(), ports: ports, log: log, status: Status{State: StateIdle}}
}

// Run keeps the device up to date until ctx ends (nil).
func (c *Client) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// SetBusy says whether a call rings or is up. It never blocks.
func (c *Client) SetBusy(bool) {}

// Reconfigure replaces the configuration. It never blocks; OSRelease, Bus and
// StateDir stay as they were.
func (c *Client) Reconfigure(config Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = config.withDefaults()
}

// Install begins an update asked for by a person: from an https URL or the
// absolute path of a bundle, or, when source is "", from the manifest. It
// returns once that is accepted or refused ([ErrBusy] or a reason); what comes
// of it is told by [Ports.Changed] and [Client.Status].
func (c *Client) Install(context.Context, string) error { return errors.New("install update: no RAUC") }

// Check looks at the manifest without installing anything. It returns as
// Install does.
func (c *Client) Check(context.Context) error { return errors.New("check for updates: no RAUC") }

// Status returns a snapshot at once.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}
