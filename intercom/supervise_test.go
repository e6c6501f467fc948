package intercom

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// trace notes what happens in which order.
type trace struct {
	mu    sync.Mutex
	notes []string
}

func (t *trace) note(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, s)
}

func (t *trace) task(name string, stopping time.Duration) Task {
	return Task{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(stopping)
		t.note(name)
		return nil
	}}
}

func TestSuperviseStopsStagesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr trace
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := Supervise(ctx, slog.New(slog.DiscardHandler),
			Stage{Tasks: []Task{tr.task("buttons", 100*time.Millisecond)}},
			Stage{Tasks: []Task{tr.task("device", 50*time.Millisecond)}},
			Stage{Tasks: []Task{tr.task("link", 0)}},
		)
		if err != nil {
			t.Fatalf("Supervise: %v", err)
		}
		if want := []string{"buttons", "device", "link"}; !slices.Equal(tr.notes, want) {
			t.Errorf("stopped in the order %v, want %v", tr.notes, want)
		}
	})
}

func TestSuperviseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr trace
		var log strings.Builder
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		err := Supervise(ctx, slog.New(slog.NewTextHandler(&log, nil)),
			Stage{Within: time.Second, Tasks: []Task{tr.task("slow", time.Hour)}},
			Stage{Tasks: []Task{tr.task("link", 0)}},
		)
		if took := time.Since(start); err != nil || took != time.Second {
			t.Errorf("Supervise returned %v after %v, want nil after 1s", err, took)
		}
		if !strings.Contains(log.String(), "task=slow") {
			t.Errorf("log does not name the late task: %s", log.String())
		}
		time.Sleep(time.Hour) // let the slow task end inside the bubble
	})
}

func TestSuperviseEndsWithTheTaskThatEnds(t *testing.T) {
	broken := errors.New("no such device")
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"with an error", broken, "camera: no such device"},
		{"without one", nil, "camera: ended without being asked to"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var tr trace
			err := Supervise(t.Context(), slog.New(slog.DiscardHandler),
				Stage{Tasks: []Task{{Name: "camera", Run: func(context.Context) error { return tc.err }}, tr.task("link", 0)}})
			if err == nil || err.Error() != tc.want {
				t.Errorf("Supervise: %v, want %s", err, tc.want)
			}
			if tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("%v does not wrap %v", err, tc.err)
			}
			if !slices.Equal(tr.notes, []string{"link"}) {
				t.Errorf("the other task was not stopped: %v", tr.notes)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	b := NewEvents()
	ctx, cancel := context.WithCancel(t.Context())
	one, two := b.subscribe(ctx), b.subscribe(t.Context())
	b.Publish(Event{Event: "a"})
	for _, ch := range []<-chan Event{one, two} {
		if e := <-ch; e.Event != "a" {
			t.Errorf("got %q, want a", e.Event)
		}
	}
	cancel()
	for range one { // ends when the follower has gone
	}
	for range followerQueue + 1 { // the lagging one is dropped, nobody waits
		b.Publish(Event{Event: "b"})
	}
	n := 0
	for range two {
		n++
	}
	if n != followerQueue {
		t.Errorf("the lagging follower got %d events, want %d and the end", n, followerQueue)
	}
	b.Close()
	if _, open := <-b.subscribe(t.Context()); open {
		t.Error("a closed broker still delivers")
	}
}
