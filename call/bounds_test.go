package call

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFarewells checks order, bound and that the same is said once.
func TestFarewells(t *testing.T) {
	var f farewells
	now, early := walkStart, 0
	for i := range 2 * maxFarewells {
		for range 2 {
			s := Signal{Type: SignalHangUp, Session: SessionID(fmt.Sprint(i)), Peer: Address{User: 101}}
			for _, a := range f.add(now.Add(time.Duration(i)*time.Millisecond), s) {
				if got := a.(sendSignal).signal.Session; got != SessionID(fmt.Sprint(early)) {
					t.Errorf("said %s early, want the oldest, %d", got, early)
				}
				early++
			}
		}
	}
	if len(f) != maxFarewells || early != maxFarewells {
		t.Errorf("%d wait, %d were said early", len(f), early)
	}
	if got := f.take(f.nextTimeout(), false); len(got) != 1 {
		t.Errorf("%d are due at the first time, want 1", len(got))
	}
	if got := f.take(now, true); len(got) != maxFarewells-1 || !f.nextTimeout().IsZero() {
		t.Errorf("%d were left", len(got))
	}
}

// TestStopAllSaysFarewell checks that a shutdown does not wait.
func TestStopAllSaysFarewell(t *testing.T) {
	b := newSwitchboard(Config{Self: 102})
	b.later.add(walkStart, Signal{Type: SignalHangUp, Session: "s", Peer: Address{User: 101}})
	if acts := b.stopAll(walkStart, nil); len(acts) != 1 || !b.NextTimeout().IsZero() {
		t.Errorf("actions %v, next %v", acts, b.NextTimeout())
	}
}

// TestLargeSignals checks that descriptions that wait for the loop are bounded
// by their size.
func TestLargeSignals(t *testing.T) {
	c, err := NewClient(Config{Self: 102}, nopPorts{}, nopPorts{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", largeSignal+1)
	for range 1000 {
		c.Receive(Signal{SDP: large})
		c.Receive(Signal{Reconnect: &ReconnectDescription{SDP: large}})
	}
	if n := c.Counters().Dropped; n != 2000-maxInboxLarge {
		t.Errorf("%d dropped, want %d", n, 2000-maxInboxLarge)
	}
	c.Receive(Signal{SDP: "v=0"})
	if n := c.Counters().Dropped; n != 2000-maxInboxLarge {
		t.Error("a small signal was dropped")
	}
}

type nopPorts struct{ Media }

func (nopPorts) Send(Signal) {}

// TestBucketNext checks that what next returns is when take succeeds.
func TestBucketNext(t *testing.T) {
	var b bucket
	now := walkStart
	for i := range 20 {
		if !b.take(now, repairBurst, repairRate) {
			at := b.next(repairBurst, repairRate)
			if before := b; before.take(at.Add(-2*time.Millisecond), repairBurst, repairRate) {
				t.Fatalf("take %d: there was a token before %v", i, at)
			}
			if now = at; !b.take(now, repairBurst, repairRate) {
				t.Fatalf("take %d: no token at %v", i, at)
			}
		}
	}
	if took := now.Sub(walkStart); took < 29*time.Second || took > 31*time.Second {
		t.Errorf("20 tokens took %v, want 30 s", took)
	}
}
