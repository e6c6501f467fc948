package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// swapWithin is how long the daemon may be without a device before its loops
// count as late: the stages of a device end within stopsWithin, and making
// another one opens files only.
const swapWithin = stopsWithin + 10*time.Second

// front is the device as it is seen from outside, whichever runs at the moment.
// What is asked of it while there is none, because another one is being made,
// waits for that. It implements control.Device.
type front struct {
	started time.Time
	updates *updates

	mu      sync.Mutex
	now     *daemon       // the last one while another one is being made
	gap     time.Time     // when now was hidden; zero while it is there
	changed chan struct{} // closed at the next change
}

func newFront(u *updates) *front {
	return &front{started: time.Now(), updates: u, changed: make(chan struct{})}
}

// show puts a device there.
func (f *front) show(d *daemon) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.gap = d, time.Time{}
	f.turn()
}

// hide says that the device ends, and another one comes.
func (f *front) hide() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gap = time.Now()
	f.turn()
}

// turn wakes who waits. The lock is held.
func (f *front) turn() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// look returns the device and what is closed when that has changed. gone says
// since when it is only what is left of the last one.
func (f *front) look() (d *daemon, changed <-chan struct{}, gone time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.changed, f.gap
}

// device is the one that runs, or ran last.
func (f *front) device() *intercom.Device {
	d, _, _ := f.look()
	return d.device
}

// ask has the device do something: the next one if this one ends meanwhile.
func (f *front) ask(ctx context.Context, do func(*intercom.Device) error) error {
	for {
		d, changed, gone := f.look()
		if d != nil && gone.IsZero() {
			err := do(d.device)
			if !errors.Is(err, intercom.ErrStopped) {
				return err
			}
			if _, _, gone = f.look(); gone.IsZero() { // it is the end of the daemon
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ping makes the ping of a loop of the device. While there is none it is in
// time, for as long as that may take.
func (f *front) ping(loop func(*daemon, context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		d, changed, gone := f.look()
		if d != nil && gone.IsZero() {
			err := loop(d, ctx)
			select {
			case <-changed: // it may have ended on purpose
				return nil
			default:
				return err
			}
		}
		if time.Since(gone) < swapWithin {
			return nil
		}
		return errors.New("ping device: there is none")
	}
}

// ifIdle runs f if nothing rings and no call is up, and says whether it did.
func (f *front) ifIdle(do func()) bool {
	ctx, cancel := context.WithTimeout(context.Background(), askIdle)
	defer cancel()
	d, _, gone := f.look()
	return d != nil && gone.IsZero() && d.device.IfIdle(ctx, do)
}

// Press implements control.Caller.
func (f *front) Press(ctx context.Context, button string) error {
	return f.ask(ctx, func(d *intercom.Device) error { return d.Press(ctx, button) })
}

// Relay implements control.Caller.
func (f *front) Relay(ctx context.Context, relay string) error {
	return f.ask(ctx, func(d *intercom.Device) error { return d.Relay(ctx, relay) })
}

// Call implements control.Caller.
func (f *front) Call(ctx context.Context, r intercom.CallRequest) (ids []call.SessionID, err error) {
	err = f.ask(ctx, func(d *intercom.Device) error {
		ids, err = d.Call(ctx, r)
		return err
	})
	return ids, err
}

// Do implements control.SessionControl.
func (f *front) Do(ctx context.Context, verb string, r intercom.SessionRequest) error {
	return f.ask(ctx, func(d *intercom.Device) error { return d.Do(ctx, verb, r) })
}

// Status implements control.Observer.
func (f *front) Status() intercom.Status {
	s := f.device().Status()
	s.Started = f.started
	return s
}

// Subscribe implements control.Observer.
func (f *front) Subscribe(ctx context.Context) <-chan intercom.Event {
	return f.device().Subscribe(ctx)
}

// Update implements control.Updater.
func (f *front) Update(ctx context.Context, r control.UpdateRequest, report func(intercom.UpdateStatus)) error {
	return f.updates.ask(ctx, r, report)
}
