//go:build e2e

package xmpp

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// outcome is what a fault did.
type outcome struct {
	fault   fault
	server  string
	ended   time.Time // when the fault was over
	links   passage
	devices passage
	history history            // of both links together, during the fault
	later   [2]string          // by direction of the links: what may excuse its losses; "" is nothing
	queued  [2][]time.Duration // by direction of the links: when the lost were queued, after the sender was back
	harm    string             // to the call; "" is none
}

// passage is what became of an exchange.
type passage struct {
	tallies [2]tally
	back    time.Duration // from the fault's end until both ways worked again
}

func (p passage) both() tally { return p.tallies[0].plus(p.tallies[1]) }

// explain notes how the links came back, and which losses that excuses: the
// server drops what is for somebody who is not back yet, when a restart has
// made it forget that he was there.
func (o *outcome) explain(w *world, begin place) {
	var back [2]time.Time
	for end, l := range w.links.ends {
		now := l.history()
		o.history.logins += now.logins - begin.history[end].logins
		o.history.resumed += now.resumed - begin.history[end].resumed
		back[end], _ = l.cameBack(begin.at)
	}
	for d := range back {
		if sender, receiver := back[d], back[1-d]; receiver.After(sender) {
			o.later[d] = fmt.Sprintf("the receiver was back %v after the sender", receiver.Sub(sender).Round(time.Millisecond))
		}
		for _, queued := range w.links.ledgers[d].lost(begin.links[d], w.links.arrived()[d]) {
			o.queued[d] = append(o.queued[d], queued.Sub(back[d]).Round(time.Millisecond))
		}
	}
}

// wrong says what should not be.
func (o outcome) wrong() error {
	if o.harm != "" {
		return errors.New("the call was harmed: " + o.harm)
	}
	if !o.fault.forgets {
		if !o.links.both().whole() {
			return fmt.Errorf("links, by direction: %v; lost were those queued, seen from the sender's return, at %v", o.links.tallies, o.queued)
		}
		if !o.devices.both().whole() {
			return fmt.Errorf("updates of the call, by direction: %v", o.devices.tallies)
		}
		return nil
	}
	for d, t := range o.links.tallies {
		if t.late > 0 || t.lost > 0 && o.later[d] == "" {
			return fmt.Errorf("links, direction %d: %v, and the receiver was back before the sender; lost were those queued, seen from the sender's return, at %v", d, t, o.queued[d])
		}
	}
	return nil
}

// whole tells whether nothing was lost before its time, came twice or late.
func (a tally) whole() bool { return a.lost == 0 && a.doubled == 0 && a.late == 0 }

// header and String make the table.
const header = "fault                        server    signals  expired  lost  twice  late  back after  logins(resumed)  in call  expired  lost  twice  late  back after  the call"

func (o outcome) String() string {
	l, d := o.links.both(), o.devices.both()
	return fmt.Sprintf("%-28s %-9s %7d %8d %5d %6d %5d %11s %16s %8d %8d %5d %6d %5d %11s  %s",
		o.fault.name, o.server, l.sent, l.expired, l.lost, l.doubled, l.late, o.links.back.Round(10*time.Millisecond),
		fmt.Sprintf("%d(%d)", o.history.logins, o.history.resumed),
		d.sent, d.expired, d.lost, d.doubled, d.late, o.devices.back.Round(10*time.Millisecond), cmp.Or(o.harm, "unharmed"))
}
