package signaling

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	xmppstream "mellium.im/xmpp/stream"
)

func TestBackoff(t *testing.T) {
	const almostOne = 0.999999999
	type step struct {
		failure failure
		up      time.Duration
		random  float64
		want    time.Duration
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"network doubles to the cap", []step{
			{failedNetwork, 0, almostOne, 500 * time.Millisecond},
			{failedNetwork, 0, almostOne, time.Second},
			{failedNetwork, 0, 0.5, time.Second},
			{failedNetwork, 0, 0, 0},
			{failedNetwork, 0, almostOne, 4 * time.Second},
			{failedNetwork, 0, almostOne, 4 * time.Second},
		}},
		{"refusals are not random", []step{
			{failedAuth, 0, 0, time.Minute},
			{failedConflict, 0, 0, 2 * time.Minute},
			{failedAuth, 0, 0.5, 4 * time.Minute},
			{failedAuth, 0, 0, 8 * time.Minute},
			{failedAuth, 0, 0, 15 * time.Minute},
			{failedAuth, 0, 0, 15 * time.Minute},
		}},
		{"a change of the network is followed at once, three times", []step{
			{failedMoved, 0, almostOne, 0},
			{failedMoved, 0, almostOne, 0},
			{failedMoved, 0, almostOne, 0},
			{failedMoved, 0, almostOne, 500 * time.Millisecond},
			{failedMoved, 0, almostOne, time.Second},
			{failedMoved, time.Minute, almostOne, 0},
		}},
		{"a server without resources is left alone", []step{
			{failedBusy, 0, 0, 15 * time.Second},
			{failedBusy, 0, almostOne, 30 * time.Second},
			{failedNetwork, 0, almostOne, 500 * time.Millisecond},
		}},
		{"the clock is looked at every second", []step{
			{failedClock, 0, almostOne, time.Second},
			{failedClock, 0, 0, time.Second},
			{failedNetwork, 0, almostOne, 500 * time.Millisecond},
		}},
		{"the two are counted apart", []step{
			{failedAuth, 0, 0, time.Minute},
			{failedNetwork, 0, almostOne, 500 * time.Millisecond},
			{failedAuth, 0, 0, 2 * time.Minute},
		}},
		{"a short life does not reset", []step{
			{failedNetwork, 0, almostOne, 500 * time.Millisecond},
			{failedNetwork, 4 * time.Second, almostOne, time.Second},
			{failedNetwork, 5 * time.Second, almostOne, 500 * time.Millisecond},
			{failedConflict, 59 * time.Second, 0, time.Minute},
			{failedConflict, 59 * time.Second, 0, 2 * time.Minute},
			{failedConflict, time.Hour, 0, time.Minute},
			{failedConflict, time.Hour, 0, time.Minute},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := backoff{timing: Timing{}.withDefaults()}
			for i, s := range tt.steps {
				got := b.next(s.failure, s.up, false, s.random)
				if d := (got - s.want).Abs(); d > time.Millisecond {
					t.Errorf("step %d: %s, want %s", i, got, s.want)
				}
			}
		})
	}
}

func TestClassify(t *testing.T) {
	tests := []struct {
		err  error
		want failure
	}{
		{errors.New("anything"), failedNetwork},
		{xmppstream.SystemShutdown, failedNetwork},
		{xmppstream.HostUnknown, failedNetwork},
		{xmppstream.NotAuthorized, failedAuth},
		{xmppstream.Conflict, failedConflict},
		{xmppstream.PolicyViolation, failedConflict},
		{&authError{}, failedAuth},
		{&conflictError{}, failedConflict},
		{xmppstream.SeeOtherHost, failedNetwork},
		{xmppstream.Reset, failedNetwork},
		{xmppstream.ConnectionTimeout, failedNetwork},
		{xmppstream.HostGone, failedNetwork},
		{xmppstream.ResourceConstraint, failedBusy},
		{errNetworkChanged, failedMoved},
		{&clockError{}, failedClock},
	}
	for _, tt := range tests {
		if got := classify(fmt.Errorf("wrapped: %w", tt.err)); got != tt.want {
			t.Errorf("classify(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestLiveness(t *testing.T) {
	start := time.Unix(0, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	l := newLiveness(start, 25*time.Second, 10*time.Second)
	for _, step := range []struct {
		second int
		heard  bool
		want   lifeSign
	}{
		{24, false, lifeWait},
		{25, false, lifePing},
		{34, false, lifeWait},
		{34, true, lifeWait},
		{58, false, lifeWait},
		{59, false, lifePing},
		{69, false, lifeOver},
	} {
		if step.heard {
			l.heard(at(step.second))
		}
		if got := l.expired(at(step.second)); got != step.want {
			t.Errorf("at %d s: %d, want %d", step.second, got, step.want)
		}
	}
}

// TestBackoffOfALongOutage wants the bound to grow once a minute was waited.
func TestBackoffOfALongOutage(t *testing.T) {
	for _, tt := range []struct {
		inCall bool
		early  time.Duration
	}{{false, 4 * time.Second}, {true, time.Second}} {
		b := backoff{timing: Timing{}.withDefaults()}
		waited, longest := time.Duration(0), time.Duration(0)
		for waited < time.Minute {
			wait := b.next(failedNetwork, 0, tt.inCall, 0.99)
			longest, waited = max(longest, wait), waited+wait
		}
		if longest > tt.early {
			t.Errorf("in a call %v: waited %s in the first minute, want at most %s", tt.inCall, longest, tt.early)
		}
		if wait := b.next(failedNetwork, 0, tt.inCall, 1); wait != 30*time.Second {
			t.Errorf("in a call %v: then %s, want 30 s", tt.inCall, wait)
		}
	}
}

// TestHourOfRestarts restarts a server every 30 s and wants the link to be
// there for most of the time in between.
func TestHourOfRestarts(t *testing.T) {
	for _, away := range []time.Duration{2 * time.Second, 8 * time.Second} {
		b := backoff{timing: Timing{}.withDefaults()}
		random := rand.New(rand.NewPCG(1, uint64(away)))
		var online, possible, latest, up time.Duration
		for range 120 {
			now := time.Duration(0)
			for now += b.next(failedNetwork, up, false, random.Float64()); now < away; {
				now += b.next(failedNetwork, 0, false, random.Float64())
			}
			latest = max(latest, now-away)
			up = 30*time.Second - now
			online, possible = online+up, possible+30*time.Second-away
		}
		t.Logf("away %s: online %.1f %% of what is possible, at most %s late", away, 100*float64(online)/float64(possible), latest)
		if latest > 4*time.Second || online < possible*9/10 {
			t.Errorf("away %s: online %s of %s, at most %s late", away, online, possible, latest)
		}
	}
}

// TestManyDevices has a server lose a thousand devices at once and come back
// later, and counts how many of them try within the same second.
func TestManyDevices(t *testing.T) {
	const devices = 1000
	for _, tt := range []struct {
		away time.Duration
		most int
	}{{5 * time.Second, 600}, {10 * time.Minute, 100}} {
		random := rand.New(rand.NewPCG(1, 2))
		logins := make(map[int]int)
		for range devices {
			b := backoff{timing: Timing{}.withDefaults()}
			now := time.Duration(0)
			for now < tt.away {
				now += b.next(failedNetwork, 0, false, random.Float64())
			}
			logins[int(now/time.Second)]++
		}
		most := 0
		for _, n := range logins {
			most = max(most, n)
		}
		t.Logf("away %s: at most %d logins in a second", tt.away, most)
		if most > tt.most {
			t.Errorf("away %s: %d of %d devices log in within a second", tt.away, most, devices)
		}
	}
}
