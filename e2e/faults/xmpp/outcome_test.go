//go:build e2e

package xmpp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	absence [2]time.Duration   // by direction of the links: how much later than the sender the receiver was back
	lost    [2][]time.Duration // by direction of the links: when the lost were queued, seen from the sender's return
	harm    string             // to the call; "" is none
}

// passage is what became of an exchange.
type passage struct {
	tallies [2]tally
	back    time.Duration // from the fault's end until both ways worked again
}

func (p passage) both() tally { return p.tallies[0].plus(p.tallies[1]) }

// explain notes how the links came back, and what that says about losses.
func (o *outcome) explain(w *world, begin place) {
	var back [2]time.Time
	for end, l := range w.links.ends {
		now := l.history()
		o.history.logins += now.logins - begin.history[end].logins
		o.history.resumed += now.resumed - begin.history[end].resumed
		back[end] = l.cameBack(begin.at)
	}
	for d, sender := range back {
		o.absence[d] = max(0, back[1-d].Sub(sender))
		for _, queued := range w.links.ledgers[d].lost(begin.links[d], w.links.arrived()[d]) {
			o.lost[d] = append(o.lost[d], queued.Sub(sender).Round(time.Millisecond))
		}
	}
}

// wrong says what should not be.
func (o outcome) wrong() error {
	if o.harm != "" {
		return errors.New("the call was harmed: " + o.harm)
	}
	for d, t := range o.links.tallies {
		if !t.whole() && !o.excused(d) {
			return fmt.Errorf("links, direction %d: %v; seen from the sender's return, lost were those queued at %v, and the receiver was back after %v",
				d, t, o.lost[d], o.absence[d])
		}
	}
	if !o.fault.forgets && !o.devices.both().whole() {
		return fmt.Errorf("updates of the call, by direction: %v", o.devices.tallies)
	}
	return nil
}

// excused tells whether a direction lost only what had to be: a server that has
// forgotten that somebody was there drops what is for him until he is back. What
// one server handled before it died may come a second time.
func (o outcome) excused(d int) bool {
	return o.fault.forgets && o.links.tallies[d].late == 0 &&
		!slices.ContainsFunc(o.lost[d], func(queued time.Duration) bool { return queued > o.absence[d] }) &&
		(o.links.tallies[d].lost == 0 || o.absence[d] > 0)
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
