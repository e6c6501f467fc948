package update

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// Errors of [Client.Install] and [Client.Check].
var (
	ErrBusy   = errors.New("an update is under way already")
	ErrClosed = errors.New("the update client has stopped")
)

// Client is the update client. Its methods may be called by several goroutines.
type Client struct {
	config Config // at the start
	worker worker
	log    *slog.Logger
	boot   string // file with the kernel's boot id

	inbox  inbox
	closed chan struct{} // Run has ended

	mu     sync.Mutex
	status Status
}

// New makes a client; it does nothing before [Client.Run].
func New(config Config, ports Ports, log *slog.Logger) *Client {
	config = config.withDefaults()
	r := rauc.New(config.Bus)
	return newClient(config, ports, r, r, log)
}

func newClient(config Config, ports Ports, s slots, i installer, log *slog.Logger) *Client {
	return &Client{
		config: config.withDefaults(),
		worker: worker{slots: s, installer: i, ports: ports, pause: firstPause},
		log:    log,
		boot:   bootIDFile,
		inbox:  inbox{wake: make(chan struct{}, 1)},
		closed: make(chan struct{}),
		status: Status{State: StateIdle},
	}
}

// SetBusy says whether a call rings or is up. It never blocks.
func (c *Client) SetBusy(on bool) { c.inbox.put(busy{on}) }

// Reconfigure replaces the configuration. It never blocks. OSRelease, Bus and
// StateDir stay as they were.
func (c *Client) Reconfigure(config Config) {
	config.OSRelease, config.Bus, config.StateDir = c.config.OSRelease, c.config.Bus, c.config.StateDir
	c.inbox.put(reconfigured{config})
}

// Install begins an update that a person asks for: from an https URL or the
// absolute path of a bundle, or, when source is "", from the manifest. It
// returns once that was accepted or refused ([ErrBusy], [ErrClosed] or a
// reason); what comes of it is told by [Ports.Changed] and [Client.Status],
// until the state is final ([State.Final]).
func (c *Client) Install(ctx context.Context, source string) error {
	if source != "" && !isPath(source) {
		if err := checkURL(source); err != nil {
			return fmt.Errorf("install update: %w", err)
		}
	}
	return c.ask(ctx, request{source: source})
}

// Check looks at the manifest without installing anything. It returns as
// Install does.
func (c *Client) Check(ctx context.Context) error { return c.ask(ctx, request{checkOnly: true}) }

func (c *Client) ask(ctx context.Context, r request) error {
	answer := make(chan error, 1)
	r.answer = func(err error) { answer <- err }
	c.inbox.put(r)
	select {
	case err := <-answer:
		return err
	case <-c.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status returns a snapshot at once.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Run keeps the device up to date until ctx ends (nil). An installation that
// runs then goes on in RAUC, and the next Run finds what became of it. It may
// be called once.
func (c *Client) Run(ctx context.Context) error {
	defer close(c.closed)
	l := c.prepare(time.Now())
	var helpers sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer helpers.Wait()
	defer cancel()
	helpers.Go(func() { c.worker.installer.Watch(ctx, func(a rauc.Activity) { c.inbox.put(activity{a}) }) })
	l.run(ctx, &helpers)
	return nil
}

// prepare reads what the last run left. What cannot be read is missing, and
// the device goes on.
func (c *Client) prepare(now time.Time) *loop {
	// Where nothing is polled this may well be no machine that RAUC updates.
	level := slog.LevelWarn
	if c.config.Manifest == "" {
		level = slog.LevelDebug
	}
	warn := func(what string, err error) {
		if err != nil {
			c.log.Log(context.Background(), level, what, "error", err)
		}
	}
	img, err := readImage(c.config.OSRelease)
	warn("installed version is unknown", err)
	device, err := deviceID(c.config.StateDir)
	warn("device id is for this run only", err)
	rec, err := loadRecord(c.config.StateDir)
	if err != nil {
		c.log.Warn("record of updates is started anew", "error", err)
	}
	c.worker.agent = "intercomd/" + img.version
	c.worker.poller.agent = c.worker.agent
	return &loop{client: c, m: newMachine(c.config, img, device, readBootID(c.boot), rec, now)}
}

// publish makes a status known.
func (c *Client) publish(s Status) {
	c.mu.Lock()
	c.status = s
	c.mu.Unlock()
	if c.worker.ports.Changed != nil {
		c.worker.ports.Changed(s)
	}
}

// inbox is a queue of events that never makes a sender wait.
type inbox struct {
	mu     sync.Mutex
	events []event
	wake   chan struct{} // holds one token while events may be there
}

func (b *inbox) put(ev event) {
	b.mu.Lock()
	b.events = append(b.events, ev)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}
