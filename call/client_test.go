package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/call/calltest"
)

// party is one running client on a network.
type party struct {
	*call.Client
	address  call.Address
	media    *calltest.Media
	recorder *calltest.Recorder
}

// world is a network of clients in a synctest bubble.
type world struct {
	t       *testing.T
	network *calltest.Network
	parties []*party
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, network: &calltest.Network{}}
}

// join starts a client that allows everybody below 200; strangers are above.
func (w *world) join(user call.UserID, resource string, change ...func(*call.Config)) *party {
	w.t.Helper()
	cfg := call.Config{Self: user, AutoReject: true, Allowed: func(u call.UserID) bool { return u < 200 }}
	for _, f := range change {
		f(&cfg)
	}
	p := &party{
		address: call.Address{User: user, Resource: resource},
		media:   &calltest.Media{}, recorder: &calltest.Recorder{},
	}
	signaler := w.network.Join(p.address, func(s call.Signal) { p.Client.Receive(s) })
	c, err := call.NewClient(cfg, signaler, p.media, p.recorder, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Client = c
	p.media.Connect(c.MediaEvent)
	ended := make(chan error)
	go func() { ended <- c.Run(w.t.Context()) }()
	w.t.Cleanup(func() { // the context has ended by then
		if err := <-ended; err != nil {
			w.t.Errorf("Run of %d: %v", user, err)
		}
		w.checkReleased(p)
	})
	w.parties = append(w.parties, p)
	return p
}

// checkReleased asserts that nothing outlives Run.
func (w *world) checkReleased(p *party) {
	w.t.Helper()
	if open := p.media.Open(); len(open) > 0 {
		w.t.Errorf("user %d: PeerConnections left open: %v", p.address.User, open)
	}
	if faults := p.media.Faults(); len(faults) > 0 {
		w.t.Errorf("user %d: %v", p.address.User, faults)
	}
	for _, s := range p.media.Streams() {
		if s.Closed() != 1 {
			w.t.Errorf("user %d: stream %s closed %d times, want once", p.address.User, s.ID(), s.Closed())
		}
	}
}

// ring makes a session to others and calls.
func (w *world) ring(p *party, others ...call.UserID) *call.Session {
	w.t.Helper()
	s, err := p.NewSession(others, call.Video, call.SessionOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := s.GetUserMedia(w.t.Context(), call.MediaParams{Audio: true, Video: true}); err != nil {
		w.t.Fatal(err)
	}
	w.ok(s.Call(call.Extension{"door": "front"}))
	synctest.Wait()
	return s
}

// only returns the one live session of p.
func (w *world) only(p *party) *call.Session {
	w.t.Helper()
	s := p.Sessions()
	if len(s) != 1 {
		w.t.Fatalf("user %d has %d sessions, want 1", p.address.User, len(s))
	}
	return s[0]
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wantEvents compares what a party's listener was told.
func (w *world) wantEvents(p *party, want ...string) {
	w.t.Helper()
	synctest.Wait()
	if got := p.recorder.Lines(); !slices.Equal(got, want) {
		w.t.Errorf("user %d was told\n  %q\nwant\n  %q", p.address.User, got, want)
	}
}

// wantSent compares the types of a party's signals.
func (w *world) wantSent(p *party, want ...call.SignalType) {
	w.t.Helper()
	synctest.Wait()
	var got []call.SignalType
	for _, s := range w.network.Sent(p.address.User) {
		got = append(got, s.Signal.Type)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("user %d sent %q, want %q", p.address.User, got, want)
	}
}

// bubble runs a test in a world of its own.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}
