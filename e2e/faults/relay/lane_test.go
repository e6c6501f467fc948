package relay

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// running runs a lane whose deliveries come out of the channel it returns.
func running(t *testing.T, l *lane, arrivals <-chan []byte) <-chan string {
	delivered := make(chan string, 100)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		done <- l.run(ctx, arrivals, func(data []byte) error { delivered <- string(data); return nil })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return delivered
}

func TestLaneDeliversWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrivals := make(chan []byte)
		l := newLane(newSchedule(false, 1, 0), Rule{Delay: 80 * time.Millisecond})
		delivered := running(t, l, arrivals)
		begin := time.Now()
		arrivals <- []byte("slow")
		synctest.Wait()
		l.set(Rule{})
		arrivals <- []byte("fast")
		if got := <-delivered; got != "fast" || time.Since(begin) != 0 {
			t.Errorf("%q after %v, want the frame without a delay first", got, time.Since(begin))
		}
		if got := <-delivered; got != "slow" || time.Since(begin) != 80*time.Millisecond {
			t.Errorf("%q after %v, want the other one after its 80 ms", got, time.Since(begin))
		}
		synctest.Wait()
		if got, want := l.counts(), (Counts{Frames: 2, Bytes: 8}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
	})
}

func TestLaneHoldsAStreamInAHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrivals := make(chan []byte)
		l := newLane(newSchedule(true, 1, 0), Rule{Hole: true})
		delivered := running(t, l, arrivals)
		taken := 0
		for full := false; !full; {
			select {
			case arrivals <- make([]byte, segment):
				taken++
			case <-time.After(time.Minute):
				full = true
			}
		}
		if taken*segment < maxBytes || len(delivered) > 0 {
			t.Errorf("%d pieces taken, %d delivered, want %d bytes and none", taken, len(delivered), maxBytes)
		}
		l.set(Rule{})
		synctest.Wait()
		if len(delivered) != taken {
			t.Errorf("%d of %d pieces came out of the hole", len(delivered), taken)
		}
	})
}

func TestLaneEndsWithItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrivals := make(chan []byte, 2)
		arrivals <- []byte("last")
		close(arrivals)
		l := newLane(newSchedule(true, 1, 0), Rule{Delay: time.Second})
		got := ""
		err := l.run(t.Context(), arrivals, func(data []byte) error { got += string(data); return nil })
		if err != nil || got != "last" {
			t.Errorf("delivered %q, %v", got, err)
		}
	})
}

func TestLaneEndsWhenDeliveryFails(t *testing.T) {
	broken := errors.New("broken")
	arrivals := make(chan []byte, 1)
	arrivals <- []byte("x")
	l := newLane(newSchedule(false, 1, 0), Rule{})
	if err := l.run(t.Context(), arrivals, func([]byte) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("run: %v, want %v", err, broken)
	}
}
