package signaling

import (
	"errors"
	"fmt"
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
			{failedNetwork, 0, almostOne, 8 * time.Second},
			{failedNetwork, 0, almostOne, 16 * time.Second},
			{failedNetwork, 0, almostOne, 30 * time.Second},
			{failedNetwork, 0, almostOne, 30 * time.Second},
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
				got := b.next(s.failure, s.up, s.random)
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
