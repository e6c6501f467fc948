//go:build e2e

package board

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/board/wire"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// buttonScenarios are fingers that do not press once for 150 ms.
func buttonScenarios() []scenario {
	return []scenario{
		{"double-press", doublePress},
		{"two-buttons", twoButtons},
		{"long-press", longPress},
		{"stuck-button", stuckButton},
	}
}

// Steps of a finger: the line is low while it is on the button.
func down(d time.Duration) wire.Step { return wire.Step{Level: 0, Hold: d} }
func up(d time.Duration) wire.Step   { return wire.Step{Level: 1, Hold: d} }

// doublePress bounces, then presses twice within 300 ms: it rings once, and the
// second press does not end what the first one began.
func doublePress(s *scene) {
	a, d := s.client("anna", anna), s.door()
	const ms = time.Millisecond
	s.do(func(ctx context.Context) error {
		return s.board.Drive(ctx, vm.Doorbell,
			down(3*ms), up(2*ms), down(60*ms), up(3*ms), down(2*ms), up(80*ms), down(60*ms), up(0))
	})
	s.at(a, "onCallListener")
	s.once(d)
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// once checks that there is one session now and was none before, and that it
// stays.
func (s *scene) once(d *door) {
	s.Helper()
	s.sh("sleep 1") // anything that a second press does is done by then
	sessions := s.status(d, "sessions", func(st doorStatus) bool { return len(st.Sessions) > 0 }).Sessions
	closed := d.events.Count(named("onSessionClose"))
	presses := d.events.Count(named("press"))
	s.says("%d press events, %d session, %d ended", presses, len(sessions), closed)
	if len(sessions) != 1 || closed != 0 {
		s.Errorf("%d sessions and %d ended, want one that stays", len(sessions), closed)
	}
}

// twoButtons presses both at the same moment: one of them rings.
func twoButtons(s *scene) {
	a, b, d := s.client("anna", anna), s.client("ben", ben), s.door()
	s.do(func(ctx context.Context) error {
		var fingers errgroup.Group
		for _, line := range []int{vm.Doorbell, vm.Tamper} {
			fingers.Go(func() error { return s.board.Press(ctx, line, pressTime) })
		}
		return fingers.Wait()
	})
	s.once(d)
	if a.Had("onCallListener") == b.Had("onCallListener") {
		s.Errorf("Anna rung: %v, Ben rung: %v; want one of them", a.Had("onCallListener"), b.Had("onCallListener"))
	}
	s.press(vm.Hangup)
	s.idle(d)
}

// longPress gives one button two plans: a press of a second or more rings Ben,
// a short one Anna.
func longPress(s *scene) {
	a, b, d := s.client("anna", anna), s.client("ben", ben), s.door(func(c *config) {
		c.Buttons[0].LongPress = "side"
	})
	for _, finger := range []struct {
		hold          time.Duration
		rung, silence *rig.Client
	}{{1300 * time.Millisecond, b, a}, {pressTime, a, nil}} {
		s.do(func(ctx context.Context) error {
			return s.board.Drive(ctx, vm.Doorbell, down(finger.hold), up(pressRest))
		})
		s.at(finger.rung, "onCallListener")
		if finger.silence != nil && finger.silence.Had("onCallListener") {
			s.Errorf("a press of %v rang both", finger.hold)
		}
		s.press(vm.Hangup)
		s.at(finger.rung, "onStopCallListener")
		s.idle(d)
	}
	rings := b.Events.Count(func(e rig.ClientEvent) bool { return e.Name == "onCallListener" })
	s.says("Ben was rung %d time", rings)
	if rings != 1 {
		s.Errorf("Ben was rung %d times, want once, by the long press", rings)
	}
}

// stuckTime is after how long a button counts as stuck.
const stuckTime = 30 * time.Second

// stuckButton leaves the finger on the button: it rings once, is told of, and
// works again when it comes up.
func stuckButton(s *scene) {
	a, d := s.client("anna", anna), s.door()
	released := make(chan error, 1)
	pressed := time.Now()
	go func() {
		released <- s.board.Drive(s.ctx, vm.Doorbell, down(stuckTime+3*time.Second), up(time.Second))
	}()
	s.at(a, "onCallListener")
	s.do(func(ctx context.Context) error { return a.Reject(ctx, nil) })
	s.event(d, "onSessionClose")
	ctx, cancel := context.WithTimeoutCause(s.ctx, stuckTime+stepLimit, errTooLong)
	defer cancel()
	if _, err := d.await(ctx, "a stuck button", named("stuck")); err != nil {
		s.Fatal(err)
	}
	s.says("told of after %v", time.Since(pressed).Round(100*time.Millisecond))
	if stuck := s.status(d, "the stuck button", func(st doorStatus) bool { return len(st.Stuck) > 0 }).Stuck; stuck[0] != "front" {
		s.Errorf("stuck are %v", stuck)
	}
	if err := <-released; err != nil {
		s.Fatal(err)
	}
	s.event(d, "released")
	if n := d.events.Count(named("press")); n != 1 {
		s.Errorf("%d presses, want the one it began with", n)
	}
	s.press(vm.Doorbell)
	s.at(a, "onCallListener")
	s.press(vm.Doorbell)
	s.idle(d)
}
