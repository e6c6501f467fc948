package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

// TestStrings checks names, also of values nobody defined.
func TestStrings(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{Video, "video"}, {Audio, "audio"}, {Type(9), "Type(9)"},
		{StateNew, "NEW"}, {StateClosed, "CLOSED"}, {SessionState(0), "SessionState(0)"}, {SessionState(-1), "SessionState(-1)"},
		{ConnectionUndefined, "UNDEFINED"}, {ConnectionCompleted, "COMPLETED"}, {ConnectionState(7), "ConnectionState(7)"},
		{UserID(101), "101"},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%#v is %q, want %q", c.value, got, c.want)
		}
	}
}

// TestErrorTexts checks that errors name what they are about.
func TestErrorTexts(t *testing.T) {
	for _, c := range []struct {
		err    error
		is     error
		naming []string
	}{
		{&StateError{"s-1", StateActive, "accept"}, ErrState, []string{"accept", "s-1", "ACTIVE"}},
		{&TooManyOpponentsError{7}, ErrTooManyOpponents, []string{"7 opponents", "at most 4 people"}},
		{&OpponentError{9}, ErrInvalidOpponent, []string{"9"}},
	} {
		if !errors.Is(c.err, c.is) || errors.Is(c.err, ErrClosed) {
			t.Errorf("%T is not %v", c.err, c.is)
		}
		for _, text := range c.naming {
			if !strings.Contains(c.err.Error(), text) {
				t.Errorf("%q does not name %q", c.err, text)
			}
		}
	}
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-([48])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestUUIDs checks the form of ids, and that those of offers depend on
// everything they are derived from.
func TestUUIDs(t *testing.T) {
	seen := make(map[string]bool)
	for _, id := range []string{
		newUUID(), newUUID(),
		offerID("a", PeerKey{User: 1, Generation: 1}), offerID("b", PeerKey{User: 1, Generation: 1}),
		offerID("a", PeerKey{User: 2, Generation: 1}), offerID("a", PeerKey{User: 1, Generation: 2}),
	} {
		if !uuidPattern.MatchString(id) {
			t.Errorf("%q is no UUID", id)
		}
		if seen[id] {
			t.Errorf("%q twice", id)
		}
		seen[id] = true
	}
}

// TestPeerKeyOfEvents checks that each event is matched with its
// PeerConnection, and that an unknown one matches none.
func TestPeerKeyOfEvents(t *testing.T) {
	k := PeerKey{"s", 1, 2}
	for _, e := range []MediaEvent{
		LocalDescription{Peer: k}, LocalCandidates{Peer: k}, PeerState{Peer: k},
		RemoteStreamReady{Peer: k}, PeerStats{Peer: k}, PeerError{Peer: k},
	} {
		if got := peerKey(e); got != k {
			t.Errorf("%T is of %v", e, got)
		}
	}
	if got := peerKey(nil); got != (PeerKey{}) {
		t.Errorf("no event is of %v", got)
	}
}

// TestMailbox checks bound, order and closing.
func TestMailbox(t *testing.T) {
	b := newMailbox[int]()
	for i := range 5 {
		if got, want := b.put(i, 3), i < 3; got != want {
			t.Errorf("put %d: %v", i, got)
		}
	}
	b.put(9, 0)
	<-b.wake
	items, closed := b.take()
	if fmt.Sprint(items) != "[0 1 2 9]" || closed {
		t.Errorf("took %v, closed %v", items, closed)
	}
	b.put(10, 0)
	b.close()
	if b.put(11, 0) {
		t.Error("put into a closed box")
	}
	<-b.wake
	items, closed = b.take()
	if fmt.Sprint(items) != "[10]" || !closed {
		t.Errorf("took %v, closed %v", items, closed)
	}
}

// TestPublish checks that an event that was long on its way does not bring an
// older state back.
func TestPublish(t *testing.T) {
	s := &Session{}
	s.publish(&view{version: 1, state: StateNew})
	s.publish(&view{version: 3, state: StateClosed})
	s.publish(&view{version: 2, state: StateActive})
	if s.State() != StateClosed {
		t.Errorf("state %v, want CLOSED", s.State())
	}
}

// brokenStream cannot be closed.
type brokenStream struct{}

var errBroken = errors.New("device hangs")

func (brokenStream) ID() string    { return "broken" }
func (brokenStream) Kinds() []Kind { return nil }
func (brokenStream) Close() error  { return errBroken }

// brokenMedia hands out streams that cannot be closed, and attaches nothing.
type brokenMedia struct{}

func (brokenMedia) Do(MediaCommand) {}
func (brokenMedia) GetUserMedia(context.Context, SessionID, MediaParams) (LocalStream, error) {
	return brokenStream{}, nil
}
func (brokenMedia) Attach(RemoteStream, Sink) error { return errBroken }

type silentSignaler struct{}

func (silentSignaler) Send(Signal) {}

type brokenRemote struct{ PeerKey }

func (r brokenRemote) Peer() PeerKey { return r.PeerKey }
func (brokenRemote) Kinds() []Kind   { return nil }
func (brokenRemote) SinkName() string {
	return "loudspeaker"
}

// TestBrokenMedia checks that the errors of devices reach the app or the log.
func TestBrokenMedia(t *testing.T) {
	var out strings.Builder
	c, err := NewClient(Config{Self: 1}, silentSignaler{}, brokenMedia{}, nil, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	s, err := c.NewSession([]UserID{2}, Video, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.NewSession([]UserID{3}, Video, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetUserMedia(ctx, MediaParams{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Call(nil); err != nil {
		t.Fatal(err)
	}
	remote := brokenRemote{PeerKey{Session: s.ID(), User: 2}}
	if err := s.AttachMediaStream(remote, remote); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "loudspeaker") {
		t.Errorf("AttachMediaStream: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), errBroken.Error()) {
		t.Errorf("the log does not tell of the stream: %q", out.String())
	}
	other.view.Store(&view{state: StateNew}) // the session closes while the devices open
	if _, err := other.GetUserMedia(ctx, MediaParams{}); !errors.Is(err, ErrClosed) || !errors.Is(err, errBroken) {
		t.Errorf("GetUserMedia after Run: %v", err)
	}
}
