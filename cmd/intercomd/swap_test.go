package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

// swapRig is a swapper of devices that note what becomes of them. A device is
// named by the frames per second of its camera.
type swapRig struct {
	t      *testing.T
	swap   *swapper[*fakeUnit]
	busy   atomic.Bool
	broken map[int]error // devices that cannot be made
	dying  map[int]error // devices that end by themselves, a second after the start
	notes  []string
	ended  chan error
	cancel context.CancelFunc
}

type fakeUnit struct {
	rig *swapRig
	fps int
}

func (u *fakeUnit) run(ctx context.Context) error {
	if err := u.rig.dying[u.fps]; err != nil {
		time.Sleep(time.Second)
		return err
	}
	<-ctx.Done()
	u.rig.note("end %d", u.fps)
	return nil
}

func (u *fakeUnit) retire(context.Context) bool { return !u.rig.busy.Load() }

func (u *fakeUnit) apply(c *config.Config) {
	u.rig.note("apply %d contacts to %d", len(c.Contacts), u.fps)
}

func (r *swapRig) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// want compares what has happened since the last call of it.
func (r *swapRig) want(why string, want ...string) {
	r.t.Helper()
	synctest.Wait()
	if !slices.Equal(r.notes, want) {
		r.t.Errorf("%s:\n got %q\nwant %q", why, r.notes, want)
	}
	r.notes = nil
}

// swapping runs body with a device of 30 frames per second.
func swapping(t *testing.T, body func(*swapRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &swapRig{t: t, broken: map[int]error{}, dying: map[int]error{}, ended: make(chan error, 1)}
		r.swap = &swapper[*fakeUnit]{
			make: func(_ context.Context, c *config.Config) (*fakeUnit, error) {
				return &fakeUnit{r, c.Camera.FPS}, r.broken[c.Camera.FPS]
			},
			show: func(u *fakeUnit) { r.note("show %d", u.fps) },
			hide: func() { r.note("hide") },
			live: func(*config.Config) {},
			told: func(state string, keys []string, err error) {
				r.note("%s", strings.TrimSpace(fmt.Sprintf("%s %s %s", state, strings.Join(keys, ","), errorText(err))))
			},
			log: slog.New(slog.DiscardHandler), changes: make(chan change), idle: make(chan struct{}, 1),
		}
		ctx, cancel := context.WithCancel(t.Context())
		r.cancel = cancel
		defer cancel()
		go func() { r.ended <- r.swap.run(ctx, &fakeUnit{r, 30}, runningConfig()) }()
		synctest.Wait()
		r.notes = nil
		body(r)
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// changed hands in a configuration with so many contacts.
func (r *swapRig) changed(fps, contacts int) {
	c := runningConfig()
	c.Camera.FPS = fps
	c.Contacts = []config.Contact{anna, ben, carl}[:contacts]
	r.swap.change(r.t.Context(), c)
}

// end ends the swapper and compares its error.
func (r *swapRig) end(want error) {
	r.t.Helper()
	r.cancel()
	if err := <-r.ended; !errors.Is(err, want) {
		r.t.Errorf("the end: %v, want %v", err, want)
	}
}

func TestLiveChangeSwapsNothing(t *testing.T) {
	swapping(t, func(r *swapRig) {
		r.changed(30, 3)
		r.want("contacts", "apply 3 contacts to 30", "applied contacts")
		r.end(nil)
		r.want("the end", "end 30")
	})
}

func TestIdleDeviceIsReplacedAtOnce(t *testing.T) {
	swapping(t, func(r *swapRig) {
		r.changed(15, 2)
		r.want("camera", "apply 2 contacts to 30", "hide", "end 30", "show 15", "applied camera")
		r.changed(30, 2)
		r.want("and back", "apply 2 contacts to 15", "hide", "end 15", "show 30", "applied camera")
		r.end(nil)
	})
}

func TestCallIsWaitedFor(t *testing.T) {
	swapping(t, func(r *swapRig) {
		r.busy.Store(true)
		r.changed(15, 3)
		r.want("a call is up", "apply 3 contacts to 30", "waiting camera")
		r.swap.becameIdle()
		r.want("the next call was quicker")
		r.changed(20, 3)
		r.want("a second change in the place of the first", "apply 3 contacts to 30")
		r.busy.Store(false)
		r.swap.becameIdle()
		r.want("the end of the call", "hide", "end 30", "show 20", "applied contacts,camera")
		r.end(nil)
	})
}

// A device whose end of the call nobody told of is asked again.
func TestIdleIsFoundOut(t *testing.T) {
	swapping(t, func(r *swapRig) {
		r.busy.Store(true)
		r.changed(15, 2)
		r.busy.Store(false)
		time.Sleep(askAgain)
		r.want("later", "apply 2 contacts to 30", "waiting camera", "hide", "end 30", "show 15", "applied camera")
		r.end(nil)
	})
}

func TestChangeIsTakenBack(t *testing.T) {
	swapping(t, func(r *swapRig) {
		r.busy.Store(true)
		r.changed(15, 2)
		r.changed(30, 2)
		r.busy.Store(false)
		r.swap.becameIdle()
		r.want("nothing is left to do", "apply 2 contacts to 30", "waiting camera", "apply 2 contacts to 30", "applied camera")
		r.end(nil)
	})
}

func TestFormerDeviceComesBack(t *testing.T) {
	broken := errors.New("no such certificate")
	t.Run("not made", func(t *testing.T) {
		swapping(t, func(r *swapRig) {
			r.broken[15] = broken
			r.changed(15, 2)
			r.want("back", "apply 2 contacts to 30", "hide", "end 30", "show 30", "refused  no such certificate")
			r.changed(20, 2)
			r.want("and on", "apply 2 contacts to 30", "hide", "end 30", "show 20", "applied camera")
			r.end(nil)
		})
	})
	t.Run("ends soon", func(t *testing.T) {
		swapping(t, func(r *swapRig) {
			r.dying[15] = broken
			r.changed(15, 2)
			time.Sleep(2 * time.Second)
			r.want("back", "apply 2 contacts to 30", "hide", "end 30", "show 15", "applied camera",
				"hide", "show 30", "refused  no such certificate")
			r.end(nil)
		})
	})
	t.Run("neither can be made", func(t *testing.T) {
		swapping(t, func(r *swapRig) {
			r.broken[15], r.broken[30] = broken, errors.New("gone too")
			r.changed(15, 2)
			r.end(broken)
		})
	})
}

// The end of a device that nothing stands in for is the end of the daemon.
func TestDeviceThatEnds(t *testing.T) {
	gone := errors.New("the port is taken")
	swapping(t, func(r *swapRig) {
		r.dying[15], r.dying[30] = gone, gone // the one that runs has not been asked
		r.changed(15, 2)
		time.Sleep(3 * time.Second)
		r.end(gone)
	})
}

func TestUnion(t *testing.T) {
	if got := union([]string{"a", "b"}, []string{"b", "c"}); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %v", got)
	}
}

var _ unit = (*daemon)(nil)

// What is told has the states that the status has.
func TestConfigState(t *testing.T) {
	events := intercom.NewEvents()
	s := &configState{events: events, log: slog.New(slog.DiscardHandler)}
	s.set(intercom.ConfigWaiting, []string{"camera"}, nil)
	if now := s.get(); now == nil || now.State != intercom.ConfigWaiting || !slices.Equal(now.Keys, []string{"camera"}) {
		t.Errorf("waiting is %+v", now)
	}
	s.set(intercom.ConfigRefused, nil, errors.New("line 3"))
	if now := s.get(); now == nil || now.Error != "line 3" {
		t.Errorf("refused is %+v", now)
	}
	s.set(intercom.ConfigApplied, nil, nil)
	if now := s.get(); now != nil {
		t.Errorf("applied is %+v", now)
	}
}
