package call_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/call/calltest"
)

var errNoDevice = errors.New("device is missing")

// TestLegalRequests is the table of which request is legal in which state.
func TestLegalRequests(t *testing.T) {
	verbs := map[string]func(*call.Session) error{
		"call":   func(s *call.Session) error { return s.Call(nil) },
		"accept": func(s *call.Session) error { return s.Accept(nil) },
		"reject": func(s *call.Session) error { return s.Reject(nil) },
		"stop":   func(s *call.Session) error { return s.Stop(nil) },
		"update": func(s *call.Session) error { return s.Update(nil) },
		"mute":   func(s *call.Session) error { return s.Mute(call.KindAudio) },
		"unmute": func(s *call.Session) error { return s.Unmute(call.KindVideo) },
		"get user media": func(s *call.Session) error {
			_, err := s.GetUserMedia(t.Context(), call.MediaParams{})
			return err
		},
		"attach": func(s *call.Session) error {
			return s.AttachMediaStream(calltest.Remote{Key: call.PeerKey{Session: s.ID()}}, calltest.Sink{})
		},
	}
	for _, c := range []struct {
		name  string
		make  func(w *world, p *party) *call.Session
		legal []string
	}{
		{"outgoing NEW", outgoingNew, []string{"call", "stop", "mute", "unmute", "get user media"}},
		{"outgoing ACTIVE", outgoingActive, []string{"stop", "update", "mute", "unmute", "attach"}},
		{"incoming NEW", incomingNew, []string{"accept", "reject", "stop", "mute", "unmute", "get user media"}},
		{"incoming ACTIVE", incomingActive, []string{"stop", "update", "mute", "unmute", "attach"}},
		{"CLOSED", closed, nil},
	} {
		for verb, request := range verbs {
			t.Run(c.name+" "+verb, func(t *testing.T) {
				bubble(t, func(t *testing.T, w *world) {
					p := w.join(102, "door")
					s := c.make(w, p)
					synctest.Wait()
					state, sent := s.State(), len(w.network.Sent(102))
					err := request(s)
					synctest.Wait()
					if slices.Contains(c.legal, verb) {
						if err != nil {
							t.Errorf("legal, but: %v", err)
						}
						return
					}
					var illegal *call.StateError
					if !errors.Is(err, call.ErrState) || !errors.As(err, &illegal) || illegal.State != state || illegal.Session != s.ID() {
						t.Errorf("error %v", err)
					}
					if s.State() != state || len(w.network.Sent(102)) != sent {
						t.Errorf("an illegal request changed something")
					}
				})
			})
		}
	}
}

func outgoingNew(w *world, p *party) *call.Session {
	s, err := p.NewSession([]call.UserID{101}, call.Video, call.SessionOptions{})
	w.ok(err)
	return s
}

func outgoingActive(w *world, p *party) *call.Session {
	s := outgoingNew(w, p)
	w.ok(s.Call(nil))
	return s
}

func incomingNew(w *world, p *party) *call.Session {
	p.Receive(incomingCall("s", 101, 102))
	synctest.Wait()
	return w.only(p)
}

func incomingActive(w *world, p *party) *call.Session {
	s := incomingNew(w, p)
	w.ok(s.Accept(nil))
	return s
}

func closed(w *world, p *party) *call.Session {
	s := incomingNew(w, p)
	w.ok(s.Stop(nil))
	return s
}

// TestNewSession lists opponents a session cannot be made with.
func TestNewSession(t *testing.T) {
	for _, c := range []struct {
		name      string
		opponents []call.UserID
		typ       call.Type
		want      error
	}{
		{"one", []call.UserID{102}, call.Video, nil},
		{"three", []call.UserID{102, 103, 104}, call.Audio, nil},
		{"not in Allowed", []call.UserID{201}, call.Audio, nil},
		{"nobody", nil, call.Video, call.ErrNoOpponents},
		{"five people", []call.UserID{102, 103, 104, 105}, call.Video, call.ErrTooManyOpponents},
		{"oneself", []call.UserID{101}, call.Video, call.ErrInvalidOpponent},
		{"twice", []call.UserID{102, 102}, call.Video, call.ErrInvalidOpponent},
		{"zero", []call.UserID{0}, call.Video, call.ErrInvalidOpponent},
		{"exists", []call.UserID{106, 107}, call.Video, call.ErrSessionExists},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(101, "door")
				_, err := door.NewSession([]call.UserID{107, 106}, call.Video, call.SessionOptions{})
				w.ok(err)
				s, err := door.NewSession(c.opponents, c.typ, call.SessionOptions{Bandwidth: 100})
				if !errors.Is(err, c.want) {
					t.Fatalf("error %v, want %v", err, c.want)
				}
				if c.want != nil {
					if s != nil || len(door.Sessions()) != 1 {
						t.Errorf("a session was made")
					}
					return
				}
				if !slices.Equal(s.Opponents(), c.opponents) || s.Type() != c.typ || s.State() != call.StateNew ||
					s.Initiator() != 101 || s.Incoming() || s.Bandwidth() != 100 || len(s.ID()) != 36 || !s.Since().Equal(time.Now()) {
					t.Errorf("session %+v", s)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, w *world) {
		if _, err := w.join(101, "door").NewSession([]call.UserID{102}, 3, call.SessionOptions{}); err == nil {
			t.Error("a session of no call type was made")
		}
	})
}

// TestConfig lists settings that cannot work; the error names the key.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		cfg  call.Config
		want string // in the error; "" is none
	}{
		{call.Config{Self: 1}, ""},
		{call.Config{}, "user_id"},
		{call.Config{Self: 1, DisconnectTimeInterval: 9 * time.Second}, "disconnect_time_interval"},
		{call.Config{Self: 1, DialingTimeInterval: time.Millisecond}, "dialing_time_interval"},
		{call.Config{Self: 1, AnswerTimeInterval: 4 * time.Second}, "answer_time_interval"},
		{call.Config{Self: 1, StatsReportTimeInterval: -1}, "stats_report_time_interval"},
		{call.Config{Self: 1, IncomingLimit: -1}, "incoming_limit"},
	} {
		n := &calltest.Network{}
		_, err := call.NewClient(c.cfg, n.Join(call.Address{}, nil), &calltest.Media{}, nil, nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
	if _, err := call.NewClient(call.Config{Self: 1}, nil, nil, nil, nil); err == nil {
		t.Error("a client without ports was made")
	}
}

// TestStopAll is the staged shutdown: the signals are sent when it returns.
func TestStopAll(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(105, "door", func(c *call.Config) { c.AutoReject = false })
		door.Receive(incomingCall("s", 101, 105))
		synctest.Wait()
		out := w.ring(door, 102)
		idle, err := door.NewSession([]call.UserID{103}, call.Video, call.SessionOptions{})
		w.ok(err)
		door.StopAll(call.Extension{"why": "restart"})
		var got []call.SignalType
		for _, s := range w.network.Sent(105) {
			got = append(got, s.Signal.Type)
		}
		if want := []call.SignalType{call.SignalCall, call.SignalReject, call.SignalHangUp}; !slices.Equal(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
		synctest.Wait()
		if out.State() != call.StateClosed || idle.State() != call.StateClosed || len(door.Sessions()) != 0 {
			t.Errorf("sessions live on")
		}
	})
}

// TestAfterRun checks that Run ends cleanly with a call up, and what the API
// does afterwards.
func TestAfterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, media, recorder := &calltest.Network{}, &calltest.Media{}, &calltest.Recorder{}
		signaler := network.Join(call.Address{User: 101}, func(call.Signal) {})
		c, err := call.NewClient(call.Config{Self: 101}, signaler, media, recorder, nil)
		if err != nil {
			t.Fatal(err)
		}
		media.Connect(c.MediaEvent)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		s, err := c.NewSession([]call.UserID{102}, call.Video, call.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetUserMedia(ctx, call.MediaParams{}); err != nil {
			t.Fatal(err)
		}
		idle, err := c.NewSession([]call.UserID{103}, call.Video, call.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var inCallback error
		recorder.Then = func(event string, s *call.Session) { inCallback = s.Stop(nil) }
		if err := s.Call(nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if sent := network.Sent(101); len(sent) != 2 || sent[1].Signal.Type != call.SignalHangUp {
			t.Errorf("sent %+v", sent)
		}
		if n := recorder.Count("onSessionClose"); n != 2 || s.State() != call.StateClosed || idle.State() != call.StateClosed {
			t.Errorf("onSessionClose %d times, states %v %v", n, s.State(), idle.State())
		}
		if len(media.Open()) > 0 || media.Streams()[0].Closed() != 1 {
			t.Errorf("media left on")
		}
		if !errors.Is(inCallback, call.ErrClosed) && !errors.Is(inCallback, call.ErrState) {
			t.Errorf("Stop inside the last callback: %v", inCallback)
		}
		if err := s.Stop(nil); !errors.Is(err, call.ErrClosed) {
			t.Errorf("Stop: %v", err)
		}
		if _, err := c.NewSession([]call.UserID{102}, call.Video, call.SessionOptions{}); !errors.Is(err, call.ErrClosed) {
			t.Errorf("NewSession: %v", err)
		}
		c.StopAll(nil)
		c.Receive(incomingCall("s", 102, 101))
	})
}

// TestAPIInsideCallbacks checks that the listener may use the API.
func TestAPIInsideCallbacks(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		var errs []error
		phone.recorder.Then = func(event string, s *call.Session) {
			switch event {
			case "onCall":
				_, err := s.GetUserMedia(w.t.Context(), call.MediaParams{Audio: true})
				errs = append(errs, err, s.Accept(nil))
			case "onRemoteStream":
				errs = append(errs, s.Mute(call.KindAudio), s.Stop(nil))
			}
		}
		w.ring(door, 102)
		if err := errors.Join(errs...); err != nil || len(errs) != 4 {
			t.Errorf("%d requests: %v", len(errs), err)
		}
		if n := door.recorder.Count("onStopCall"); n != 1 {
			t.Errorf("caller: %q", door.recorder.Lines())
		}
	})
}

// TestSlowListener checks that a listener that hangs does not keep calls from
// being answered, and that what comes in any number is dropped.
func TestSlowListener(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		release := make(chan struct{})
		phone.recorder.Then = func(event string, _ *call.Session) {
			if event == "onCall" {
				<-release
			}
		}
		s := incomingNew(w, phone)
		w.ok(s.Accept(nil))
		key := call.PeerKey{Session: "s", User: 101}
		for range 3000 {
			phone.media.Emit(call.PeerStats{Peer: key})
			synctest.Wait()
		}
		w.wantSent(phone, call.SignalAccept)
		close(release)
		synctest.Wait()
		if n := phone.recorder.Count("onCallStatsReport"); n < 1000 || n > 1024 {
			t.Errorf("%d reports, want about 1024", n)
		}
		if n := phone.recorder.Count("onRemoteStream"); n != 1 {
			t.Errorf("onRemoteStream %d times", n)
		}
		if n := phone.Counters().Dropped; n < 1900 {
			t.Errorf("%d dropped", n)
		}
	})
}

// TestInboxBound checks that signals beyond the bound are dropped, counted and
// logged.
func TestInboxBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		network, media := &calltest.Network{}, &calltest.Media{}
		signaler := network.Join(call.Address{User: 101}, func(call.Signal) {})
		log := slog.New(slog.NewTextHandler(&out, nil))
		c, err := call.NewClient(call.Config{Self: 101}, signaler, media, call.NopListener{}, log)
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			c.Receive(incomingCall("s", 102, 101))
			c.MediaEvent(call.PeerStats{})
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		cancel()
		<-ended
		if n := c.Counters().Dropped; n != 4000-1024 {
			t.Errorf("%d dropped, want %d", n, 4000-1024)
		}
		if n := strings.Count(out.String(), "inputs dropped"); n != 1 {
			t.Errorf("logged %d times, want once:\n%s", n, out.String())
		}
	})
}

// TestAttachMediaStream checks that only streams of the session fit.
func TestAttachMediaStream(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		s := outgoingActive(w, w.join(102, "door"))
		if err := s.AttachMediaStream(calltest.Remote{}, calltest.Sink{}); err == nil {
			t.Error("the stream of another session was attached")
		}
	})
}
