package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/internal/sdnotify"
)

// watched is the outside of a health in a bubble: it notes who was told what,
// and when.
type watched struct {
	mu    sync.Mutex
	begin time.Time
	said  []string
	fail  map[string]error
	log   bytes.Buffer

	health *health // that startHealth has made
}

func newWatched() *watched { return &watched{begin: time.Now(), fail: map[string]error{}} }

func (w *watched) note(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf("%v %s", time.Since(w.begin), what))
	return w.fail[what]
}

func (w *watched) setFail(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[what] = err
}

// heard returns what was said since it was called last.
func (w *watched) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.said
	w.said = nil
	return said
}

// Tell is the supervisor's.
func (w *watched) Tell(state sdnotify.State, status string) error {
	word := map[sdnotify.State]string{
		sdnotify.Ready: "ready", sdnotify.Alive: "alive", sdnotify.Stopping: "stopping", "": "status",
	}[state]
	return w.note(strings.TrimSpace(word + " " + status))
}

func (w *watched) Feed() error    { return w.note("feed") }
func (w *watched) Disarm() error  { return w.note("disarm") }
func (w *watched) Abandon() error { return w.note("abandon") }

// open is a watchdog that has the timeout.
func (w *watched) open(timeout time.Duration) func() (timer, time.Duration, error) {
	return func() (timer, time.Duration, error) {
		if err := w.note("open"); err != nil {
			return nil, 0, err
		}
		return w, timeout, nil
	}
}

// expect waits until the bubble is idle and compares what was said.
func (w *watched) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := w.heard(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

// patient is a loop that can be held up.
type patient struct {
	mu   sync.Mutex
	hold chan struct{} // nil while it turns
	deaf bool          // it ignores the context of a ping
}

func (p *patient) block(deaf bool) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hold := make(chan struct{})
	p.hold, p.deaf = hold, deaf
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hold = nil
		close(hold)
	}
}

func (p *patient) ping(ctx context.Context) error {
	p.mu.Lock()
	hold, deaf := p.hold, p.deaf
	p.mu.Unlock()
	if hold == nil {
		return nil
	}
	if deaf {
		<-hold
		return nil
	}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startHealth runs a health in the bubble; the end it returns ends it.
func startHealth(t *testing.T, w *watched, cfg healthConfig) (end func(orderly bool)) {
	t.Helper()
	cfg.Supervisor = w
	h := newHealth(cfg, slog.New(slog.NewTextHandler(&w.log, nil)))
	w.health = h
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- h.run(ctx) }()
	return func(orderly bool) {
		cancel()
		h.end(orderly)
		if err := <-ran; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestHealthFeedsWhileLoopsTurn(t *testing.T) {
	tests := []struct {
		name             string
		every, timeout   time.Duration
		timer            time.Duration // what the driver has; 0 is no timer
		start, later     []string      // later is 7 s on
		orderly, crashed []string
	}{
		{"both", 15 * time.Second, 15 * time.Second, 15 * time.Second,
			[]string{"0s open", "0s ready idle", "0s alive", "0s feed"}, []string{"5s alive", "5s feed"},
			[]string{"7s stopping ending", "7s disarm"}, []string{"7s stopping ending", "7s abandon"}},
		{"systemd alone", 12 * time.Second, 15 * time.Second, 0,
			[]string{"0s ready idle", "0s alive"}, []string{"4s alive"}, []string{"7s stopping ending"}, []string{"7s stopping ending"}},
		{"timer alone, shorter than asked", 0, 30 * time.Second, 15 * time.Second,
			[]string{"0s open", "0s ready idle", "0s feed"}, []string{"5s feed"},
			[]string{"7s stopping ending", "7s disarm"}, []string{"7s stopping ending", "7s abandon"}},
		{"nobody watches", 0, 15 * time.Second, 0, []string{"0s ready idle"}, nil, []string{"7s stopping ending"}, []string{"7s stopping ending"}},
	}
	for _, tt := range tests {
		for _, orderly := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, orderly %t", tt.name, orderly), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWatched()
					cfg := healthConfig{
						Loops: []loop{{"device", new(patient).ping}}, Ready: closed(), Told: "idle",
						Every: tt.every, Timeout: tt.timeout,
					}
					if tt.timer > 0 {
						cfg.Open = w.open(tt.timer)
					}
					end := startHealth(t, w, cfg)
					w.expect(t, tt.start...)
					time.Sleep(7 * time.Second)
					w.expect(t, tt.later...)
					end(orderly)
					if orderly {
						w.expect(t, tt.orderly...)
					} else {
						w.expect(t, tt.crashed...)
					}
				})
			})
		}
	}
}

// A timer ticks while the daemon starts, and is fed once the control socket is
// open.
func TestHealthWaitsForReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ready := newWatched(), make(chan struct{})
		end := startHealth(t, w, healthConfig{Ready: ready, Told: "idle", Open: w.open(15 * time.Second), Timeout: 15 * time.Second})
		time.Sleep(8 * time.Second)
		w.expect(t, "0s open")
		close(ready)
		w.expect(t, "8s ready idle", "8s feed")
		end(true)
		w.expect(t, "8s stopping ending", "8s disarm")
	})
}

func TestHealthEndsBeforeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		end := startHealth(t, w, healthConfig{Ready: make(chan struct{}), Open: w.open(15 * time.Second), Timeout: 15 * time.Second})
		w.expect(t, "0s open")
		end(false)
		w.expect(t, "0s stopping ending", "0s abandon")
	})
}

func TestHealthStopsFeedingAtDeadlock(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprintf("deaf %t", deaf), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p := newWatched(), new(patient)
				end := startHealth(t, w, healthConfig{
					Loops: []loop{{"calls", new(patient).ping}, {"device", p.ping}}, Ready: closed(), Told: "idle",
					Every: 15 * time.Second, Timeout: 15 * time.Second, Open: w.open(15 * time.Second),
				})
				w.expect(t, "0s open", "0s ready idle", "0s alive", "0s feed")
				release := p.block(deaf)
				time.Sleep(36 * time.Second)
				// Asked at 5 s, given up at 10 s, and never fed again.
				w.expect(t, "10s status no answer from device")
				release()
				w.expect(t, "36s status idle", "36s alive", "36s feed")
				end(true)
				w.expect(t, "36s stopping ending", "36s disarm")
				log := w.log.String()
				if n := strings.Count(log, `msg="a loop does not answer, the watchdogs are not fed" loop=device within=5s`); n != 1 {
					t.Errorf("the loop was named %d times:\n%s", n, log)
				}
				if strings.Contains(log, "loop=calls") || !strings.Contains(log, `msg="the loop answers again" loop=device`) {
					t.Errorf("log is\n%s", log)
				}
			})
		})
	}
}

// A loop that is slow but turns is no reason to restart.
func TestHealthPutsUpWithSlowLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		slow := func(ctx context.Context) error {
			select {
			case <-time.After(4 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		end := startHealth(t, w, healthConfig{Loops: []loop{{"device", slow}}, Ready: closed(), Every: 15 * time.Second, Timeout: 15 * time.Second})
		time.Sleep(10 * time.Second)
		w.expect(t, "0s ready", "4s alive", "9s alive")
		end(true)
	})
}

// A timer that cannot be opened is tried again, and said once.
func TestHealthRetriesTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		w.setFail("open", errors.New("no such device"))
		w.setFail("feed", errors.New("input/output error"))
		end := startHealth(t, w, healthConfig{Ready: closed(), Open: w.open(9 * time.Second), Timeout: 30 * time.Second})
		time.Sleep(11 * time.Second)
		w.expect(t, "0s open", "0s ready", "0s open", "10s open")
		w.setFail("open", nil)
		time.Sleep(13 * time.Second)
		w.expect(t, "20s open", "20s feed", "23s feed")
		end(true)
		w.expect(t, "24s stopping ending", "24s disarm")
		log := w.log.String()
		for _, text := range []string{`msg="could not open the watchdog" err="no such device"`, `msg="could not feed the watchdog" err="input/output error"`, `msg="watchdog armed" timeout=9s`} {
			if strings.Count(log, text) != 1 {
				t.Errorf("log lacks or repeats %s:\n%s", text, log)
			}
		}
	})
}
