//go:build e2e

package board

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// cell is one call whose door loses its cable, and is a row of the table.
type cell struct {
	length time.Duration // how long the cable is out
	lower  bool          // the door has the lower of the two ids
	spoilt bool          // the network is bad besides
}

// higherThanDoor is a user whose id is above the door's; Anna's is below.
const higherThanDoor = doorUser + 1

// user is who talks with the door.
func (c cell) user() int64 {
	if c.lower {
		return higherThanDoor
	}
	return anna
}

func (c cell) name() string {
	name := fmt.Sprintf("cut-%ds-%s", int(c.length.Seconds()), map[bool]string{true: "lower", false: "higher"}[c.lower])
	if c.spoilt {
		name += "-spoilt"
	}
	return name
}

// shortCut is the cut that every run has.
var shortCut = cell{length: 12 * time.Second}

// cutScenarios are the short cut, or what BOARD_CUTS asks for: a list of
// lengths in seconds, each played with the door as the lower and as the higher
// id, and the short cut in a bad network.
func cutScenarios() []scenario {
	cells, err := plannedCuts(os.Getenv("BOARD_CUTS"))
	if err != nil {
		return []scenario{{"cut", func(s *scene) { s.Fatal(err) }}}
	}
	var scenarios []scenario
	for _, c := range cells {
		scenarios = append(scenarios, scenario{c.name(), c.play})
	}
	return scenarios
}

// longestCut leaves a scenario time for the rest.
const longestCut = 60 * time.Second

func plannedCuts(list string) ([]cell, error) {
	if list == "" {
		return []cell{shortCut}, nil
	}
	var cells []cell
	for field := range strings.SplitSeq(list, ",") {
		seconds, err := strconv.Atoi(field)
		length := time.Duration(seconds) * time.Second
		if err != nil || length <= 0 || length > longestCut {
			return nil, fmt.Errorf("BOARD_CUTS: %q is not a number of seconds from 1 to %.0f", field, longestCut.Seconds())
		}
		cells = append(cells, cell{length: length, lower: true}, cell{length: length})
	}
	return append(cells, cell{length: shortCut.length, spoilt: true}), nil
}

// play has the door call somebody, pulls its cable in the call, plugs it in
// again, and judges what both sides were told.
func (c cell) play(s *scene) {
	a, d := s.client("anna", c.user(), patient), s.door(c.configure)
	air := s.air(rig.Tone("anna"))
	if c.spoilt {
		s.spoil()
	}
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a), seen(d))

	o := outage{cell: c, cut: time.Now()}
	s.cable(false)
	s.pause(c.length)
	o.up = time.Now()
	o.fresh = o.up
	s.cable(true)
	s.settle(&o, a, d)
	if !o.lost() {
		s.all(seesOn(a), hears(a), heardInTheAir(air, a), seen(d))
		o.note(a, d)
	}
	fmt.Println(o.row())
	for _, fault := range o.faults() {
		s.Error(fault)
	}
	if !o.lost() {
		s.press(vm.Doorbell)
		s.at(a, "onStopCallListener")
	}
	s.idle(d)
}

// callWindow is within what time a broken call is renewed, the SDK's default.
const callWindow = 30 * time.Second

func patient(o *rig.ClientOptions) { o.DisconnectTime = callWindow }

// configure makes the door call the cell's user.
func (c cell) configure(door *config) {
	door.Contacts[0].UserID = c.user()
	door.WebRTC["disconnect_time_interval"] = callWindow.String()
}

// cable plugs the board's cable in or pulls it, until the scene ends.
func (s *scene) cable(in bool) {
	s.Helper()
	if !in {
		s.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
			defer cancel()
			if err := s.board.SetLink(ctx, true); err != nil {
				s.Errorf("plug the cable in: %v", err)
			}
		})
	}
	s.do(func(ctx context.Context) error { return s.board.SetLink(ctx, in) })
}

// pause lets a time pass that is itself what is tested.
func (s *scene) pause(length time.Duration) {
	s.Helper()
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
		s.Fatal(context.Cause(s.ctx))
	}
}

// settle waits until the picture is back at the client and both sides say that
// the call is whole, or both have closed it.
func (s *scene) settle(o *outage, c *rig.Client, d *door) {
	s.Helper()
	ctx, cancel := context.WithTimeoutCause(s.ctx, callWindow+stepLimit, errTooLong)
	defer cancel()
	err := poll(ctx, func() error {
		o.note(c, d)
		if o.lost() || !o.picture.IsZero() && o.client.whole() && o.door.whole() {
			return nil
		}
		return errors.New("the call is neither whole nor closed")
	})
	if err != nil {
		s.Errorf("after the cable was in again: %v\n%s", err, o.row())
	}
}

// note takes down what both sides were told so far.
func (o *outage) note(c *rig.Client, d *door) {
	o.client, o.door = clientWords(c, o.cut), doorWords(d, o.cut)
	o.picture = pictureAfter(c, o.fresh)
}

// pictureAfter returns when the client showed the first picture that came over
// the network after a moment, or zero.
func pictureAfter(c *rig.Client, after time.Time) time.Time {
	for _, e := range c.Events.All() {
		if e.Name == "picture-back" && e.Received > float64(after.UnixMicro())/1000 {
			return e.At
		}
	}
	return time.Time{}
}

// seesOn is like sees for a client that may get another connection meanwhile,
// which counts its pictures anew.
func seesOn(c *rig.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		first := c.Media(doorUser).Video.Changes
		return poll(ctx, func() error {
			now := c.Media(doorUser).Video.Changes
			first = min(first, now)
			if now < first+3 {
				return fmt.Errorf("the picture has changed %d times", now-first)
			}
			return nil
		})
	}
}

// seen waits until packets with the client's picture reach the door, which has
// no screen.
func seen(d *door) func(context.Context) error {
	const packets = "video_packets_received"
	return func(ctx context.Context) error {
		first, err := d.status(ctx)
		if err != nil {
			return err
		}
		_, err = d.awaitStatus(ctx, "packets with pictures at the door", func(st doorStatus) bool {
			return st.Media[packets] > first.Media[packets]
		})
		return err
	}
}
