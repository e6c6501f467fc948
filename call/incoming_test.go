package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestBusy is transcripts/busy.xml: the call is sent back as a reject with its
// description and data.
func TestBusy(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		phone.Receive(incomingCall("first", 101, 102))
		phone.Receive(incomingCall("first", 101, 102)) // a repeat is not another call
		second := incomingCall("second", 103, 102)
		second.Bandwidth = 300
		phone.Receive(second)
		w.wantEvents(phone, "onCall NEW 101 k=v", "onInvalidEvents onCall 103 k=v")
		sent := w.network.Sent(102)
		if len(sent) != 1 {
			t.Fatalf("sent %+v", sent)
		}
		got := sent[0].Signal
		if got.Type != call.SignalReject || got.SDP != second.SDP || got.Session != "second" || got.Initiator != 103 ||
			got.Extension["k"] != "v" || got.Bandwidth != 300 || got.Peer != (call.Address{User: 103}) {
			t.Errorf("busy reject %+v", got)
		}
	})
}

// TestIncomingLimit is the SDK's rule without autoReject.
func TestIncomingLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  int
		accept bool // the first before the second comes
		want   int  // of three callers who ring
	}{
		{"one", 1, false, 1},
		{"two", 2, false, 2},
		{"one, and one is accepted", 1, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone", func(cfg *call.Config) { cfg.AutoReject, cfg.IncomingLimit = false, c.limit })
				for i, u := range []call.UserID{101, 103, 104} {
					phone.Receive(incomingCall(call.SessionID(u.String()), u, 102))
					synctest.Wait()
					if c.accept && i == 0 {
						w.ok(w.only(phone).Accept(nil))
					}
				}
				if n := phone.recorder.Count("onCall"); n != c.want {
					t.Errorf("%d calls ring, want %d", n, c.want)
				}
			})
		})
	}
}

// TestManySessions checks that one caller whose calls are all accepted cannot
// make us hold any number of them.
func TestManySessions(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door", func(c *call.Config) { c.AutoReject = false })
		for i := range 20 {
			door.Receive(incomingCall(call.SessionID(rune('a'+i)), 102, 101))
			synctest.Wait()
			for _, s := range door.Sessions() {
				if s.State() == call.StateNew {
					w.ok(s.Accept(nil))
				}
			}
			pass(time.Second)
		}
		if n := len(door.Sessions()); n != 8 {
			t.Errorf("%d sessions at once, want 8", n)
		}
		if n := door.recorder.Count("onInvalidEvents"); n != 12 {
			t.Errorf("%d calls were refused as busy, want 12", n)
		}
	})
}

// TestIncomingRefused lists calls that must not ring.
func TestIncomingRefused(t *testing.T) {
	change := func(f func(*call.Signal)) call.Signal {
		s := incomingCall("s", 101, 102)
		f(&s)
		return s
	}
	for _, c := range []struct {
		name   string
		signal call.Signal
		reject bool
	}{
		{"stranger", incomingCall("s", 201, 102), true},
		{"stranger initiated", change(func(s *call.Signal) { s.Initiator, s.Opponents = 201, []call.UserID{101, 102} }), true},
		{"five people", incomingCall("s", 101, 102, 103, 104, 105), true},
		{"in our name", change(func(s *call.Signal) { s.Initiator = 102 }), true},
		{"not for us", incomingCall("s", 101, 103), false},
		{"no opponents", incomingCall("s", 101), false},
		{"sender not in the call", change(func(s *call.Signal) { s.Initiator = 104 }), false},
		{"no description", change(func(s *call.Signal) { s.SDP = "" }), false},
		{"huge description", change(func(s *call.Signal) { s.SDP = string(make([]byte, 1<<20)) }), false},
		{"no session id", incomingCall("", 101, 102), false},
		{"huge session id", incomingCall(call.SessionID(make([]byte, 1000)), 101, 102), false},
		{"no sender", incomingCall("s", 0, 102), false},
		{"own user", incomingCall("s", 102, 102), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				phone.Receive(c.signal)
				synctest.Wait()
				if n := len(phone.Sessions()); n != 0 {
					t.Errorf("it rings")
				}
				if c.reject {
					w.wantSent(phone, call.SignalReject)
					w.wantEvents(phone, "onInvalidEvents onCall "+c.signal.Peer.User.String()+" k=v")
					return
				}
				w.wantSent(phone)
				w.wantEvents(phone)
				if n := phone.Counters().Ignored; n != 1 {
					t.Errorf("%d ignored, want 1", n)
				}
			})
		})
	}
}

// TestIncomingTolerated lists calls that ring although fields are missing.
func TestIncomingTolerated(t *testing.T) {
	s := incomingCall("s", 101, 102)
	s.Initiator, s.CallType = 0, 0
	for _, c := range []struct {
		sdp  string
		want call.Type
	}{{"v=0\nm=audio", call.Audio}, {"v=0\r\nm=audio\r\nm=video", call.Video}} {
		bubble(t, func(t *testing.T, w *world) {
			phone := w.join(102, "phone")
			s.SDP = c.sdp
			phone.Receive(s)
			synctest.Wait()
			got := w.only(phone)
			if got.Initiator() != 101 || got.Type() != c.want || !got.Incoming() || got.ID() != "s" {
				t.Errorf("initiator %d, type %v", got.Initiator(), got.Type())
			}
		})
	}
}

// TestStrangerWhileRinging checks that a stranger does not make the line busy,
// and that the repeats of a refused call are refused quietly.
func TestStrangerWhileRinging(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		phone.Receive(incomingCall("bad", 201, 102))
		phone.Receive(incomingCall("good", 101, 102))
		pass(5 * time.Second)
		phone.Receive(incomingCall("bad", 201, 102))
		w.wantEvents(phone, "onInvalidEvents onCall 201 k=v", "onCall NEW 101 k=v")
		w.wantSent(phone, call.SignalReject, call.SignalReject)
	})
}

// TestRefusedIDIsNotSpoiled checks that a stranger who is refused first does
// not keep a session of that id from ringing.
func TestRefusedIDIsNotSpoiled(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		phone.Receive(incomingCall("s", 201, 102))
		phone.Receive(incomingCall("s", 101, 102))
		synctest.Wait()
		w.only(phone)
	})
}

// TestFlood checks that a hundred calls a second of one user disturb nobody.
func TestFlood(t *testing.T) {
	for _, from := range []call.UserID{201, 104} {
		t.Run(from.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				phone.Receive(incomingCall("good", 101, 102))
				for i := range 1000 {
					phone.Receive(incomingCall(call.SessionID("bad-"+time.Duration(i).String()), from, 102))
					pass(10 * time.Millisecond)
				}
				if rejects := len(w.network.Sent(102)); rejects < 5 || rejects > 16 {
					t.Errorf("%d rejects in 10 s, want about 15", rejects)
				}
				if n := phone.Counters().Limited; n < 900 {
					t.Errorf("%d limited", n)
				}
				w.ok(w.only(phone).Accept(nil))
				w.ok(w.only(phone).Stop(nil))
				phone.Receive(incomingCall("good-2", 101, 102))
				synctest.Wait()
				w.only(phone)
			})
		})
	}
}

// TestManyStrangers checks that any number of users who are not allowed gets a
// bounded number of answers, and that a contact rings meanwhile.
func TestManyStrangers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		for i := range call.UserID(1000) {
			door.Receive(incomingCall(call.SessionID(i.String()), 1000+i, 102))
			pass(10 * time.Millisecond)
		}
		if n := len(w.network.Sent(102)); n < 60 || n > 71 {
			t.Errorf("%d rejects in 10 s, want about 20 + 10×5", n)
		}
		door.Receive(incomingCall("good", 101, 102))
		synctest.Wait()
		w.only(door)
	})
}

// TestInvalidFlood checks that signals that lead to nothing reach the app, and
// its log, at a bounded rate: those of a stranger that was refused, and those of
// a contact whose call rings.
func TestInvalidFlood(t *testing.T) {
	for _, c := range []struct {
		name string
		from call.UserID
		typ  call.SignalType
		most int
	}{
		{"hangUps of a stranger", 1001, call.SignalHangUp, 15},
		{"accepts of a stranger", 1001, call.SignalAccept, 15},
		{"hangUps of a contact", 103, call.SignalHangUp, 15},
		{"accepts of a caller", 101, call.SignalAccept, 120},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(102, "door")
				door.Receive(incomingCall("ringing", 101, 102))
				door.Receive(incomingCall("refused", 1001, 102))
				id := call.SessionID("refused")
				if c.from == 101 {
					id = "ringing"
				}
				for range 500 {
					door.Receive(call.Signal{Type: c.typ, Session: id, Peer: call.Address{User: c.from}, SDP: "v=0"})
					pass(20 * time.Millisecond)
				}
				if n := door.recorder.Count("onInvalidEvents"); n < 2 || n > c.most {
					t.Errorf("told %d times in 10 s, want at most %d", n, c.most)
				}
			})
		})
	}
}

// TestUnknownSession is section 5 of the protocol: what the app hears of
// signals for sessions that do not live.
func TestUnknownSession(t *testing.T) {
	for _, c := range []struct {
		name  string
		typ   call.SignalType
		known bool // the session lived
		from  call.UserID
		want  []string
	}{
		{"accept", call.SignalAccept, false, 101, nil},
		{"reject", call.SignalReject, false, 101, nil},
		{"candidates", call.SignalCandidates, false, 101, nil},
		{"update", call.SignalUpdate, false, 101, nil},
		{"other", "iceRestart", false, 101, nil},
		{"hangUp", call.SignalHangUp, false, 101, []string{"onInvalidEvents onStop 101"}},
		{"hangUp of a stranger", call.SignalHangUp, false, 201, nil},
		{"late hangUp", call.SignalHangUp, true, 101, []string{"onInvalidEvents onStop 101"}},
		{"late accept", call.SignalAccept, true, 101, []string{"onInvalidEvents onAccept 101"}},
		{"late reject", call.SignalReject, true, 101, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				if c.known {
					phone.Receive(incomingCall("s", 101, 102))
					synctest.Wait()
					w.ok(w.only(phone).Stop(nil))
				}
				before := len(phone.recorder.Lines())
				phone.Receive(call.Signal{Type: c.typ, Session: "s", Peer: call.Address{User: c.from}, SDP: "v=0"})
				synctest.Wait()
				if got := phone.recorder.Lines()[before:]; !slices.Equal(got, c.want) {
					t.Errorf("told %q, want %q", got, c.want)
				}
			})
		})
	}
}

// TestInvalidInLiveSession lists signals that a live session does not want.
func TestInvalidInLiveSession(t *testing.T) {
	for _, c := range []struct {
		name string
		send call.Signal
		want []string
	}{
		{"accept while it rings here", call.Signal{Type: call.SignalAccept, Peer: call.Address{User: 101}, SDP: "v=0"},
			[]string{"onInvalidEvents onAccept 101"}},
		{"hangUp of an outsider", call.Signal{Type: call.SignalHangUp, Peer: call.Address{User: 104}}, nil},
		{"call of an outsider", call.Signal{Type: call.SignalCall, Peer: call.Address{User: 104}, SDP: "v=0"}, nil},
		{"hangUp of own user", call.Signal{Type: call.SignalHangUp, Peer: call.Address{User: 102}}, nil},
		{"type that is not in use", call.Signal{Type: "iceRestart", Peer: call.Address{User: 101}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				phone.Receive(incomingCall("s", 101, 102))
				c.send.Session = "s"
				phone.Receive(c.send)
				w.wantEvents(phone, append([]string{"onCall NEW 101 k=v"}, c.want...)...)
				w.wantSent(phone)
				w.only(phone)
			})
		})
	}
}

// TestAnsweredElsewhere checks that another device of our user stops our
// ringing, where servers tell us.
func TestAnsweredElsewhere(t *testing.T) {
	for _, typ := range []call.SignalType{call.SignalAccept, call.SignalReject} {
		bubble(t, func(t *testing.T, w *world) {
			phone := w.join(102, "phone")
			phone.Receive(incomingCall("s", 101, 102))
			phone.Receive(call.Signal{Type: typ, Session: "s", Peer: call.Address{User: 102, Resource: "other"}})
			w.wantEvents(phone, "onCall NEW 101 k=v", "onSessionClose CLOSED")
			w.wantSent(phone)
		})
	}
}

// TestGlare has two users call each other at the same time: one call comes of
// it, that of the lower id.
func TestGlare(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		low, high := w.join(101, "low"), w.join(102, "high")
		lows, err := low.NewSession([]call.UserID{102}, call.Video, call.SessionOptions{})
		w.ok(err)
		highs, err := high.NewSession([]call.UserID{101}, call.Video, call.SessionOptions{})
		w.ok(err)
		low.media.SetManual(true)
		high.media.SetManual(true)
		w.ok(lows.Call(nil))
		w.ok(highs.Call(nil))
		low.media.SetManual(false)
		high.media.SetManual(false)
		low.media.Emit(call.LocalDescription{Peer: call.PeerKey{Session: lows.ID(), User: 102}, Type: call.Offer, SDP: "v=0"})
		high.media.Emit(call.LocalDescription{Peer: call.PeerKey{Session: highs.ID(), User: 101}, Type: call.Offer, SDP: "v=0"})
		synctest.Wait()
		pass(5 * time.Second)
		if highs.State() != call.StateClosed || lows.State() != call.StateActive {
			t.Fatalf("states: low %v, high %v", lows.State(), highs.State())
		}
		w.ok(w.only(high).Accept(nil))
		if low.recorder.Count("onRemoteStream") != 1 || high.recorder.Count("onRemoteStream") != 1 {
			t.Errorf("no call: low %q, high %q", low.recorder.Lines(), high.recorder.Lines())
		}
	})
}

// TestGlareWithSDK plays an SDK, which rejects as busy whoever calls while it
// calls: its own call has to come through, whoever has the lower id.
func TestGlareWithSDK(t *testing.T) {
	for _, sdk := range []call.UserID{101, 103} {
		t.Run(sdk.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(102, "door")
				own := w.ring(door, sdk)
				theirs := incomingCall("theirs", sdk, 102)
				door.Receive(theirs)
				door.Receive(call.Signal{Type: call.SignalReject, Session: own.ID(), Peer: call.Address{User: sdk}, SDP: "v=0"})
				pass(5 * time.Second)
				door.Receive(theirs) // it dials on, as nobody refused it
				synctest.Wait()
				if s := w.only(door); s.ID() != "theirs" {
					t.Errorf("session %s rings", s.ID())
				}
				for _, sent := range w.network.Sent(102) {
					if sent.Signal.Type == call.SignalReject {
						t.Errorf("the SDK's call was refused")
					}
				}
			})
		})
	}
}

// TestGlareWhileBusy checks that our own call is not given up for one that
// could not ring anyway.
func TestGlareWhileBusy(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(105, "door")
		one := w.ring(door, 101)
		w.ring(door, 102)
		door.Receive(incomingCall("theirs", 101, 105))
		synctest.Wait()
		if one.State() != call.StateActive || len(door.Sessions()) != 2 {
			t.Errorf("state %v, %d sessions", one.State(), len(door.Sessions()))
		}
	})
}
