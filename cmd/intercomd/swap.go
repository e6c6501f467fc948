package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

const (
	// provedAfter is how long the device of a new configuration has to run for
	// the former one to be forgotten.
	provedAfter = 10 * time.Second
	// askIdle bounds how long the device is asked whether it is idle, and how
	// soon one that is not is asked again without having said that it is.
	askIdle  = 2 * time.Second
	askAgain = 5 * time.Second
	// stopsWithin is what the stages of a device may take to stop, all together.
	stopsWithin = 10 * time.Second
)

// unit is the device of one configuration.
type unit interface {
	// run blocks until ctx ends, and returns nil then.
	run(ctx context.Context) error
	// retire has a running unit take nothing new, unless a call rings or is up.
	// It says whether it did; run is to be ended then.
	retire(ctx context.Context) bool
	// apply has a running unit follow the parts of a configuration that change
	// while calls are up, see livePart.
	apply(c *config.Config)
}

// swapper runs the device, and replaces it by that of another configuration
// when no call rings or is up.
//
//	running ──change, all live──▶ running                         "applied"
//	   │
//	   └──change, device anew──▶ waiting ──idle──▶ running (new)   "waiting", "applied"
//	                               │  ▲               │ cannot be made, or ends within 10 s
//	                               └──┘ later change  └──▶ running (former)    "refused"
type swapper[U unit] struct {
	make    func(context.Context, *config.Config) (U, error)
	show    func(U)              // is told of the unit that runs now
	hide    func()               // is told that the one shown ends
	live    func(*config.Config) // applies what is not the device's
	told    func(state string, keys []string, err error)
	log     *slog.Logger
	changes chan change
	idle    chan struct{} // of room for one: the device may have become idle

	// Of run alone.
	unit     U
	end      context.CancelFunc // of unit
	ended    chan error         // what unit's run returned
	built    *config.Config     // what unit was made from
	inForce  *config.Config     // what it follows
	next     *config.Config     // what waits until no call is up; nil for nothing
	changed  []string           // keys that differ between what was in force before and next
	said     []string           // keys that were told to wait
	former   *config.Config     // what to go back to; nil when there is nothing
	since    time.Time          // of unit
	askTimer *time.Timer
}

// change is a configuration that was read, and where its reader waits until
// what takes effect at once has.
type change struct {
	config *config.Config
	taken  chan<- struct{}
}

// becameIdle says that the device may be idle now. It does not block.
func (s *swapper[U]) becameIdle() {
	select {
	case s.idle <- struct{}{}:
	default:
	}
}

// change hands in a configuration and waits until its live part is in force.
func (s *swapper[U]) change(ctx context.Context, c *config.Config) {
	taken := make(chan struct{})
	select {
	case s.changes <- change{c, taken}:
	case <-ctx.Done():
		return
	}
	select {
	case <-taken:
	case <-ctx.Done():
	}
}

// run runs first, which was made from c, and its successors until ctx ends or
// one of them fails that no other can stand in for.
func (s *swapper[U]) run(ctx context.Context, first U, c *config.Config) error {
	s.askTimer = time.NewTimer(askAgain)
	defer s.askTimer.Stop()
	s.start(first, c)
	for {
		select {
		case <-ctx.Done():
			return s.stop()
		case err := <-s.ended:
			s.end()
			if err := s.fallBack(ctx, err); err != nil {
				return err
			}
		case c := <-s.changes:
			err := s.take(ctx, c.config)
			close(c.taken)
			if err != nil {
				return err
			}
		case <-s.idle:
			if err := s.swap(ctx); err != nil {
				return err
			}
		case <-s.askTimer.C:
			s.askTimer.Reset(askAgain)
			if err := s.swap(ctx); err != nil {
				return err
			}
		}
	}
}

func (s *swapper[U]) start(u U, c *config.Config) {
	ctx, end := context.WithCancel(context.Background())
	s.unit, s.end, s.ended, s.since = u, end, make(chan error, 1), time.Now()
	s.built, s.inForce = c, c
	ended := s.ended
	go func() { ended <- u.run(ctx) }()
	s.show(u)
}

// stop ends the unit in order and waits for it.
func (s *swapper[U]) stop() error {
	s.end()
	return <-s.ended
}

// take puts in force what of a configuration can be at once, and has the rest
// wait for a moment without a call, which may be now.
func (s *swapper[U]) take(ctx context.Context, c *config.Config) error {
	keys := config.Changed(s.wanted(), c)
	live := livePart(s.inForce, c)
	s.live(live)
	s.unit.apply(live)
	s.inForce = live
	if boot := booting(keys); len(boot) > 0 {
		s.log.Info("takes effect when the system boots", "keys", boot)
	}
	if len(pending(s.built, live, c)) == 0 {
		s.next, s.changed, s.said = nil, nil, nil
		s.told(intercom.ConfigApplied, keys, nil)
		return nil
	}
	s.next, s.changed = c, union(s.changed, keys)
	return s.swap(ctx)
}

// wanted is the configuration that was asked for last.
func (s *swapper[U]) wanted() *config.Config {
	if s.next != nil {
		return s.next
	}
	return s.inForce
}

// swap replaces the unit by that of the configuration that waits, if none rings
// or is in a call. The error is one that ends the daemon.
func (s *swapper[U]) swap(ctx context.Context) error {
	if s.next == nil {
		return nil
	}
	asked, cancel := context.WithTimeout(ctx, askIdle)
	defer cancel()
	if !s.unit.retire(asked) {
		if keys := pending(s.built, s.inForce, s.next); !slices.Equal(keys, s.said) {
			s.said = keys
			s.told(intercom.ConfigWaiting, keys, nil)
		}
		return nil
	}
	next, keys := s.next, s.changed
	s.next, s.changed, s.said = nil, nil, nil
	s.hide()
	if err := s.stop(); err != nil {
		s.log.Warn("the device did not end in order", "err", err)
	}
	s.former = s.inForce
	u, err := s.make(ctx, next)
	if err != nil {
		return s.restore(ctx, err)
	}
	s.live(next)
	s.start(u, next)
	s.told(intercom.ConfigApplied, keys, nil)
	return nil
}

// fallBack goes back to the configuration before when the device of a new one
// has ended by itself. The error is the end of the daemon.
func (s *swapper[U]) fallBack(ctx context.Context, err error) error {
	if err == nil {
		err = errors.New("ended without being asked to")
	}
	if s.former == nil || time.Since(s.since) > provedAfter {
		return err
	}
	s.hide()
	return s.restore(ctx, err)
}

// restore runs the device of the former configuration, because that of the new
// one failed with reason.
func (s *swapper[U]) restore(ctx context.Context, reason error) error {
	former := s.former
	s.former, s.next, s.changed = nil, nil, nil
	u, err := s.make(ctx, former)
	if err != nil {
		return fmt.Errorf("go back to the former configuration: %w, after %w", err, reason)
	}
	s.live(former)
	s.start(u, former)
	s.told(intercom.ConfigRefused, nil, reason)
	return nil
}

// union has the items of both lists once.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, item := range b {
		if !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}
