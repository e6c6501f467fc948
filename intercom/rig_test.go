package intercom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

const self, anna, ben, carl, stranger = call.UserID(104), call.UserID(101), call.UserID(102), call.UserID(103), call.UserID(999)

// rig is a device with the real call package between a signalling that notes
// what is sent and a media layer whose PeerConnections always work.
type rig struct {
	t      *testing.T
	dev    *Device
	client *call.Client
	media  *fakeMedia
	events <-chan Event

	mu     sync.Mutex
	sent   []call.Signal
	told   []string // what lamps, loudspeaker and relays were told since the last look
	busy   []bool   // what Busy was told
	camera DeviceStatus
	gpio   []DeviceStatus
	jammed error // of relays
	newer  UpdateStatus
}

// run runs body in a bubble with a started device.
func run(t *testing.T, change func(*Config), body func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{
			Name: "Front door", Version: "test", Self: self,
			Contacts: []Contact{{"Anna", anna}, {"Ben", ben}, {"Carl", carl}},
			Buttons: []Button{
				{Name: "front", Contacts: []call.UserID{anna, ben}, CallType: call.Video},
				{Name: "all", Contacts: []call.UserID{anna, ben, carl}, Mode: Conference, CallType: call.Audio},
			},
		}
		if change != nil {
			change(&cfg)
		}
		r := &rig{t: t, media: &fakeMedia{}}
		log := slog.New(slog.DiscardHandler)
		r.dev = New(cfg, r.ports(), log)
		client, err := call.NewClient(call.Config{Self: self, AutoReject: true, Allowed: cfg.Allowed}, r, r.media, r.dev.Listener(), log)
		if err != nil {
			t.Fatal(err)
		}
		r.client, r.media.client = client, client
		r.events = r.dev.Subscribe(t.Context())
		if first := <-r.events; first.Event != "xmpp" || first.State != "connecting" {
			t.Errorf("the first event is %+v, want the state of the link", first)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		clientCtx, stopClient := context.WithCancel(context.Background())
		wg.Go(func() { _ = client.Run(clientCtx) })
		deviceDone := make(chan error, 1)
		go func() { deviceDone <- r.dev.Run(ctx, client) }()
		body(r)
		cancel()
		if err := <-deviceDone; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := r.dev.Press(t.Context(), "front"); !errors.Is(err, ErrStopped) {
			t.Errorf("press after the end: %v, want %v", err, ErrStopped)
		}
		if err := r.dev.Ping(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("ping after the end: %v, want %v", err, ErrStopped)
		}
		stopClient()
		wg.Wait()
		if open := r.media.open(); open != 0 {
			t.Errorf("%d streams are still open at the end", open)
		}
	})
}

// ports notes what the device does.
func (r *rig) ports() Ports {
	return Ports{
		Speaker: speaker{},
		Camera: func() DeviceStatus {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.camera
		},
		GPIO: func() []DeviceStatus {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.gpio
		},
		Update: func() *UpdateStatus {
			r.mu.Lock()
			defer r.mu.Unlock()
			newer := r.newer
			return &newer
		},
		Process:  func() ProcessStatus { return ProcessStatus{Goroutines: 9} },
		Tone:     func(t Tone) { r.tell("tone " + string(t)) },
		Indicate: func(i Indication) { r.tell("lamp " + string(i)) },
		Busy: func(busy bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.busy = append(r.busy, busy)
		},
		Relay: func(name string) error {
			r.tell("relay " + name)
			return r.jammed
		},
	}
}

func (r *rig) tell(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, what)
}

// wantTold compares what lamps, loudspeaker and relays were told since the last
// call of it.
func (r *rig) wantTold(why string, want ...string) {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.told, want) {
		r.t.Errorf("%s: told %q, want %q", why, r.told, want)
	}
	r.told = nil
}

// setCamera makes the camera be in a state, and waits until that is noticed.
func (r *rig) setCamera(state string) {
	r.mu.Lock()
	r.camera.State = state
	r.mu.Unlock()
	time.Sleep(lookInterval)
}

// updateIs lets an update be in a state.
func (r *rig) updateIs(state string) {
	r.mu.Lock()
	r.newer = UpdateStatus{State: state, Version: "1.0.0", Available: "1.1.0"}
	r.mu.Unlock()
	r.dev.UpdateChanged(r.newer)
}

// online lets the link come up.
func (r *rig) online() {
	r.dev.SetXMPP(XMPPStatus{State: xmppOnline})
	synctest.Wait()
	r.happened()
	r.mu.Lock()
	r.told = nil
	r.mu.Unlock()
}

// Send implements call.Signaler.
func (r *rig) Send(s call.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
}

// said lists, as "type user", what was sent since the last call of it, once
// everything has come to rest.
func (r *rig) said() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, 0, len(r.sent))
	for _, s := range r.sent {
		out = append(out, fmt.Sprintf("%s %d", s.Type, s.Peer.User))
	}
	slices.Sort(out)
	r.sent = nil
	return out
}

func (r *rig) wantSaid(why string, want ...string) {
	r.t.Helper()
	if got := r.said(); !slices.Equal(got, want) {
		r.t.Errorf("%s: said %q, want %q", why, got, want)
	}
}

// lastSent finds the last signal of a type to a user.
func (r *rig) lastSent(typ call.SignalType, user call.UserID) call.Signal {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Backward(r.sent) {
		if s.Type == typ && s.Peer.User == user {
			return s
		}
	}
	r.t.Fatalf("no %s was sent to %d", typ, user)
	return call.Signal{}
}

// answer replies to a signal of the device.
func (r *rig) answer(s call.Signal, typ call.SignalType) {
	reply := s
	reply.Type, reply.Peer = typ, call.Address{User: s.Peer.User, Resource: "phone"}
	reply.SDP, reply.Extension = "answer", call.Extension{"from": "phone"}
	r.client.Receive(reply)
	synctest.Wait()
}

// callIn has user call the device.
func (r *rig) callIn(user call.UserID, id call.SessionID) {
	r.client.Receive(call.Signal{
		Type: call.SignalCall, Peer: call.Address{User: user, Resource: "phone"}, Session: id,
		CallType: call.Video, Initiator: user, Opponents: []call.UserID{self}, SDP: "offer",
	})
	synctest.Wait()
}

func (r *rig) press(button string) {
	r.t.Helper()
	if err := r.dev.Press(r.t.Context(), button); err != nil {
		r.t.Fatalf("Press(%s): %v", button, err)
	}
	time.Sleep(time.Second) // a press of its own, inside the bubble
}

// happened lists the names of the events since the last call of it.
func (r *rig) happened() []string {
	synctest.Wait()
	var out []string
	for {
		select {
		case e := <-r.events:
			out = append(out, e.Event)
		default:
			return out
		}
	}
}

type speaker struct{}

func (speaker) SinkName() string { return "speaker" }

// fakeMedia answers every command as a working media layer would.
type fakeMedia struct {
	client *call.Client

	mu       sync.Mutex
	broken   map[call.Kind]bool
	stuck    map[call.Kind]bool // opens for as long as it is waited for
	streams  int
	attached int
	asked    []call.MediaParams
}

func (m *fakeMedia) Do(c call.MediaCommand) {
	switch c := c.(type) {
	case call.CreateOffer:
		m.client.MediaEvent(call.LocalDescription{Peer: c.Peer, Type: call.Offer, SDP: "offer"})
	case call.CreateAnswer:
		m.client.MediaEvent(call.LocalDescription{Peer: c.Peer, Type: call.Answer, SDP: "answer"})
		m.connected(c.Peer)
	case call.ApplyAnswer:
		m.connected(c.Peer)
	}
}

func (m *fakeMedia) connected(p call.PeerKey) {
	m.client.MediaEvent(call.PeerState{Peer: p, State: call.ConnectionConnected})
	m.client.MediaEvent(call.RemoteStreamReady{Peer: p, Stream: remoteStream(p)})
}

func (m *fakeMedia) GetUserMedia(ctx context.Context, id call.SessionID, p call.MediaParams) (call.LocalStream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, p)
	if p.Video && m.stuck[call.KindVideo] || p.Audio && m.stuck[call.KindAudio] {
		m.mu.Unlock()
		<-ctx.Done()
		m.mu.Lock()
		return nil, ctx.Err()
	}
	if p.Video && m.broken[call.KindVideo] {
		return nil, errors.New(`open camera "/dev/video0": no such file or directory`)
	}
	if p.Audio && m.broken[call.KindAudio] {
		return nil, errors.New(`open microphone "hw:0": no such device`)
	}
	m.streams++
	return &localStream{m: m}, nil
}

func (m *fakeMedia) Attach(call.RemoteStream, call.Sink) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attached++
	return nil
}

func (m *fakeMedia) open() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.streams
}

type localStream struct {
	m    *fakeMedia
	once sync.Once
}

func (*localStream) ID() string         { return "stream" }
func (*localStream) Kinds() []call.Kind { return []call.Kind{call.KindAudio, call.KindVideo} }
func (s *localStream) Close() error {
	s.once.Do(func() { s.m.mu.Lock(); s.m.streams--; s.m.mu.Unlock() })
	return nil
}

type remoteStream call.PeerKey

func (s remoteStream) Peer() call.PeerKey { return call.PeerKey(s) }
func (remoteStream) Kinds() []call.Kind   { return []call.Kind{call.KindAudio} }
