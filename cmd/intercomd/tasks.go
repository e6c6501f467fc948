package main

import (
	"context"
	"slices"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/signaling"
)

// run runs the tasks of the device until ctx ends or one of them does, and
// stops them in an order: nobody asks for anything new, every session is hung up
// and that is sent, then the rest ends.
//
// What becomes of the daemon when a task ends by itself, or hangs:
//
//	task     may end because                        then
//	control  its socket cannot be made or breaks    the daemon ends: nobody could steer it
//	lan      its port is taken or breaks            the daemon ends: nobody could call it
//	network, config: the kernel cannot be asked     begun again, 1 s to 1 min later; nothing else suffers
//	button, lamp, relay                             never: a lost line is opened again by itself
//	lookout, signals, reload, update, health        never
//	device, calls, media, xmpp                      never; the link dials again by itself
//
// A device of a changed configuration that ends within 10 s is not the end of
// the daemon: the former one is made again, see [swapper].
//
// A panic in any of them ends the process. A loop that hangs (control, xmpp,
// calls, device) keeps the watchdogs from being fed, see [health]; whoever
// watches from outside starts the daemon again. Neither socket ends for want of
// descriptors or memory: net/http tries again, at least once a second.
func (d *daemon) run(ctx context.Context) error {
	defer d.close()
	defer d.around.busy(false) // one that breaks has no time to say so
	return intercom.Supervise(ctx, d.log, d.stages()...)
}

// retire implements unit. A call that comes in from then on is not heard, so
// that its repetition finds the next device.
func (d *daemon) retire(ctx context.Context) bool {
	return d.device.IfIdle(ctx, func() { d.retired.Store(true) }) && d.retireHeard(ctx)
}

// retireHeard retires the device unless a call came in before its client became
// deaf.
func (d *daemon) retireHeard(ctx context.Context) bool {
	if d.client.Ping(ctx) == nil && d.device.Retire(ctx) {
		return true
	}
	d.retired.Store(false)
	return false
}

// apply implements unit.
func (d *daemon) apply(c *config.Config) {
	if err := d.client.SetPolicy(callPolicy(c)); err != nil {
		d.log.Warn("calls keep their intervals", "err", err)
	}
	d.device.SetConfig(deviceConfig(c, d.opts.Version))
}

// stages lists the tasks in the order they are to stop.
func (d *daemon) stages() []intercom.Stage {
	first := []intercom.Task{
		{Name: "lookout", Run: d.lookout.run},
		{Name: "network", Run: restarting(d.log.With("task", "network"), d.watchNetwork)},
	}
	third := []intercom.Task{{Name: "calls", Run: d.client.Run}, {Name: "media", Run: d.runMedia}}
	last := []intercom.Task{{Name: "xmpp", Run: d.runLink}}
	if d.lan != nil {
		last = append(last, intercom.Task{Name: "lan", Run: d.lan.run})
	}
	return []intercom.Stage{
		{Tasks: slices.Concat(first, d.buttonTasks)},
		{Tasks: []intercom.Task{{Name: "device", Run: d.runDevice}}},
		{Tasks: slices.Concat(third, d.lampTasks, d.relayTasks)},
		{Tasks: last},
	}
}

func (d *daemon) runMedia(ctx context.Context) error { return d.engine.Run(ctx, d.client.MediaEvent) }

func (d *daemon) runDevice(ctx context.Context) error {
	err := d.device.Run(ctx, d.client)
	flush, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	if lost := d.link.Flush(flush); lost != nil {
		d.log.Warn("ended before everything was said", "err", lost)
	}
	return err
}

// runLink logs in once the control socket is open: a second daemon with the
// same account must fail before it takes the first one's place at the server.
func (d *daemon) runLink(ctx context.Context) error {
	select {
	case <-d.around.ready:
	case <-ctx.Done():
		return nil
	}
	return d.link.Run(ctx, d.receive, d.linkChanged)
}

// receive hands a signal to the calls, unless the device is about to be replaced.
func (d *daemon) receive(s call.Signal) {
	if !d.retired.Load() {
		d.client.Receive(s)
	}
}

// linkChanged has calls and device act on a new state of the link.
func (d *daemon) linkChanged(now signaling.State) {
	d.client.SignalingChanged(now.Online, now.Resumed)
	s := d.link.Status()
	d.device.SetXMPP(intercom.XMPPStatus{State: s.State, JID: s.JID, Since: s.Since, Error: s.Err})
}

// signalCounters counts what the link and the calls did with signals.
func (d *daemon) signalCounters() map[string]uint64 {
	link, calls := d.link.Status(), d.client.Counters()
	return map[string]uint64{
		"queued": uint64(link.Queued), "unacked": uint64(link.Unacked),
		"reconnects": link.Reconnects, "resumptions": link.Resumptions,
		"invalid": link.Invalid, "ignored": calls.Ignored, "limited": calls.Limited, "dropped": calls.Dropped,
	}
}
