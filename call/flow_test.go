package call_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/call/calltest"
)

// TestAcceptAndStop is the flow of transcripts/basic.xml.
func TestAcceptAndStop(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		s := w.ring(door, 102)
		incoming := w.only(phone)
		w.ok(incoming.Accept(call.Extension{"hello": "yes"}))
		pass(time.Second)
		w.ok(s.Update(call.Extension{"a": "1"}))
		w.ok(incoming.Update(nil))
		w.ok(s.Stop(call.Extension{"bye": "1"}))
		w.wantSent(door, call.SignalCall, call.SignalUpdate, call.SignalHangUp)
		w.wantSent(phone, call.SignalAccept, call.SignalCandidates, call.SignalUpdate)
		w.wantEvents(door,
			"onAcceptCall ACTIVE 102 hello=yes",
			"onSessionConnectionStateChanged ACTIVE 102 CONNECTING",
			"onSessionConnectionStateChanged ACTIVE 102 CONNECTED",
			"onRemoteStream ACTIVE 102",
			"onUpdateCall ACTIVE 102",
			"onSessionClose CLOSED")
		w.wantEvents(phone,
			"onCall NEW 101 door=front",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTING",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTED",
			"onRemoteStream ACTIVE 101",
			"onUpdateCall ACTIVE 101 a=1",
			"onStopCall ACTIVE 101 bye=1",
			"onSessionClose CLOSED")
	})
}

// TestReject is the flow of transcripts/reject.xml.
func TestReject(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		w.ring(door, 102)
		w.ok(w.only(phone).Reject(call.Extension{"why": "busy"}))
		w.wantSent(phone, call.SignalReject)
		w.wantEvents(door, "onRejectCall ACTIVE 102 why=busy", "onSessionClose CLOSED")
		w.wantEvents(phone, "onCall NEW 101 door=front", "onSessionClose CLOSED")
	})
}

// TestCancel is the flow of transcripts/cancel.xml.
func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		s := w.ring(door, 102)
		pass(6 * time.Second)
		w.ok(s.Stop(nil))
		w.wantSent(door, call.SignalCall, call.SignalCall, call.SignalHangUp)
		w.wantEvents(phone, "onCall NEW 101 door=front", "onStopCall NEW 101", "onSessionClose CLOSED")
		w.wantEvents(door, "onSessionClose CLOSED")
	})
}

// TestNoAnswer is the flow of transcripts/noanswer.xml, except that our caller
// stops the phones: the exact interval, then a hangUp.
func TestNoAnswer(t *testing.T) {
	short := func(c *call.Config) { c.AnswerTimeInterval = 12 * time.Second }
	t.Run("caller", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			door, phone := w.join(101, "door", short), w.join(102, "phone")
			w.ring(door, 102)
			pass(12*time.Second - time.Millisecond)
			w.wantEvents(door)
			pass(time.Millisecond)
			w.wantEvents(door, "onUserNotAnswer ACTIVE 102", "onSessionClose CLOSED")
			w.wantSent(door, call.SignalCall, call.SignalCall, call.SignalCall, call.SignalHangUp)
			w.wantEvents(phone, "onCall NEW 101 door=front", "onStopCall NEW 101", "onSessionClose CLOSED")
		})
	})
	t.Run("callee", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			door, phone := w.join(101, "door"), w.join(102, "phone", short)
			w.ring(door, 102)
			pass(12 * time.Second)
			w.wantEvents(phone, "onCall NEW 101 door=front", "onSessionClose CLOSED")
			pass(5 * time.Second)
			w.wantSent(phone)
			w.wantEvents(phone, "onCall NEW 101 door=front", "onSessionClose CLOSED")
			if n := len(phone.Sessions()); n != 0 {
				t.Errorf("a late repeat of call rang again: %d sessions", n)
			}
		})
	})
}

// TestDialing checks that `call` is repeated with the newest description, and
// no longer once it was accepted.
func TestDialing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		s := w.ring(door, 102)
		key := call.PeerKey{Session: s.ID(), User: 102}
		late := []call.Candidate{{Candidate: "candidate:late"}}
		door.media.Emit(call.LocalCandidates{Peer: key, Candidates: late, SDP: "v=0 with late"})
		pass(5 * time.Second)
		sent := w.network.Sent(101)
		if len(sent) != 2 || sent[0].Signal.SDP == sent[1].Signal.SDP || sent[1].Signal.SDP != "v=0 with late" {
			t.Fatalf("repeats: %+v", sent)
		}
		w.ok(w.only(phone).Accept(nil))
		pass(time.Minute)
		w.wantSent(door, call.SignalCall, call.SignalCall, call.SignalCandidates)
		got := w.network.Sent(101)[2].Signal
		if !slices.Equal(got.Candidates, late) || got.Peer.Resource != "phone" {
			t.Errorf("late candidates: %+v", got)
		}
		door.media.Emit(call.LocalCandidates{Peer: key, Candidates: late})
		w.wantSent(door, call.SignalCall, call.SignalCall, call.SignalCandidates, call.SignalCandidates)
	})
}

// TestCandidatesAfterAccept checks quirk 3: all candidates once more, not
// earlier than 300 ms after the accept, those found in between included.
func TestCandidatesAfterAccept(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(101, "door"), w.join(102, "phone")
		w.ring(door, 102)
		s := w.only(phone)
		w.ok(s.Accept(nil))
		key := call.PeerKey{Session: s.ID(), User: 101}
		phone.media.Emit(call.LocalCandidates{Peer: key, Candidates: []call.Candidate{{Candidate: "candidate:2"}}})
		pass(300 * time.Millisecond)
		w.wantSent(phone, call.SignalAccept)
		pass(100 * time.Millisecond)
		w.wantSent(phone, call.SignalAccept, call.SignalCandidates)
		if got := w.network.Sent(102)[1].Signal; len(got.Candidates) != 2 || got.Peer.Resource != "door" {
			t.Errorf("repeat: %+v", got)
		}
		pass(time.Minute)
		w.wantSent(phone, call.SignalAccept, call.SignalCandidates)
	})
}

// TestManyCandidates has a machine with many addresses: receivers bound a list
// at 64, and one that is longer would be lost as a whole.
func TestManyCandidates(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		door.media.SetManual(true)
		door.Receive(incomingCall("s", 101, 102))
		synctest.Wait()
		w.ok(w.only(door).Accept(nil))
		list := make([]call.Candidate, 130)
		for i := range list {
			list[i].Candidate = fmt.Sprintf("candidate:%d", i)
		}
		door.media.Emit(call.LocalDescription{
			Peer: call.PeerKey{Session: "s", User: 101}, Type: call.Answer, SDP: "v=0", Candidates: list,
		})
		pass(time.Second)
		var got []call.Candidate
		for _, sent := range w.network.Sent(102) {
			if n := len(sent.Signal.Candidates); n > 64 {
				t.Errorf("%d candidates in one signal", n)
			}
			got = append(got, sent.Signal.Candidates...)
		}
		if !slices.Equal(got, list) {
			t.Errorf("%d candidates were sent, want all %d in order", len(got), len(list))
		}
	})
}

// TestSeveralDevices is transcripts/multidev.xml with the binding of quirk 8:
// the device that accepted first is in the call, another that accepts is told
// to stop, and what others decline or hang up is nothing to us.
func TestSeveralDevices(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		first, second, third := w.join(102, "first"), w.join(102, "second"), w.join(102, "third")
		s := w.ring(door, 102)
		w.ok(w.only(first).Accept(nil))
		w.ok(w.only(second).Accept(nil))
		w.ok(w.only(third).Reject(nil))
		if s.State() != call.StateActive {
			t.Fatalf("state %v after a second device answered", s.State())
		}
		if peers := s.Peers(); len(peers) != 1 || peers[0].Resource != "first" {
			t.Errorf("peers: %+v", peers)
		}
		if n := door.recorder.Count("onAcceptCall"); n != 1 {
			t.Errorf("onAcceptCall %d times, want once", n)
		}
		if second.recorder.Count("onStopCall") != 1 || first.recorder.Count("onStopCall") != 0 {
			t.Errorf("stopped: first %q, second %q", first.recorder.Lines(), second.recorder.Lines())
		}
		w.ok(s.Stop(nil))
		if n := first.recorder.Count("onStopCall"); n != 1 {
			t.Errorf("the device in the call was not hung up")
		}
	})
}

// TestForeignHangUp checks that a hangUp of another device counts only if the
// connection breaks soon.
func TestForeignHangUp(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		want  int
	}{{"connection breaks", 6 * time.Second, 1}, {"breaks much later", 11 * time.Second, 0}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, phone := w.join(101, "door"), w.join(102, "phone")
				s := w.ring(door, 102)
				w.ok(w.only(phone).Accept(nil))
				door.Receive(call.Signal{Type: call.SignalHangUp, Session: s.ID(), Peer: call.Address{User: 102, Resource: "new"}})
				pass(c.after)
				if n := door.recorder.Count("onStopCall"); n != 0 {
					t.Fatalf("stopped by a device that is not in the call")
				}
				door.media.Emit(call.PeerState{Peer: call.PeerKey{Session: s.ID(), User: 102}, State: call.ConnectionDisconnected})
				synctest.Wait()
				if n := door.recorder.Count("onStopCall"); n != c.want {
					t.Errorf("onStopCall %d times, want %d", n, c.want)
				}
			})
		})
	}
}

// TestDuplicateAccept checks that every accept of the device in the call is
// told, and only the first is applied.
func TestDuplicateAccept(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		s := w.ring(door, 102)
		accept := call.Signal{Type: call.SignalAccept, Session: s.ID(), Peer: call.Address{User: 102, Resource: "a"}, SDP: "v=0"}
		door.Receive(accept)
		door.Receive(accept)
		synctest.Wait()
		if n := door.recorder.Count("onAcceptCall"); n != 2 {
			t.Errorf("onAcceptCall %d times, want 2", n)
		}
		if n := commands[call.ApplyAnswer](door); n != 1 {
			t.Errorf("answer applied %d times, want once", n)
		}
	})
}

// TestAcceptLost checks that a caller that goes on dialing gets the accept
// again.
func TestAcceptLost(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		phone.media.SetManual(true)
		ringing := incomingCall("s", 101, 102)
		phone.Receive(ringing)
		synctest.Wait()
		w.ok(w.only(phone).Accept(nil))
		key := call.PeerKey{Session: "s", User: 101}
		phone.media.Emit(call.LocalDescription{Peer: key, Type: call.Answer, SDP: "v=0"})
		phone.Receive(ringing)
		w.wantSent(phone, call.SignalAccept)
		pass(5 * time.Second)
		phone.Receive(ringing)
		w.wantSent(phone, call.SignalAccept, call.SignalAccept)
		phone.media.Emit(call.PeerState{Peer: key, State: call.ConnectionConnected})
		pass(5 * time.Second)
		phone.Receive(ringing)
		w.wantSent(phone, call.SignalAccept, call.SignalAccept)
	})
}

// TestEarlyCandidates checks that candidates that come while it rings are
// applied on accept, in bounded number.
func TestEarlyCandidates(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		phone.Receive(incomingCall("s", 101, 102))
		for range 100 {
			phone.Receive(call.Signal{
				Type: call.SignalCandidates, Session: "s", Peer: call.Address{User: 101, Resource: "r"},
				Candidates: []call.Candidate{{Candidate: "candidate:1"}, {}},
			})
		}
		synctest.Wait()
		w.ok(w.only(phone).Accept(nil))
		for _, c := range phone.media.Commands() {
			if add, ok := c.(call.AddCandidates); ok && len(add.Candidates) != 64 {
				t.Errorf("%d candidates, want 64", len(add.Candidates))
			}
		}
		if n := commands[call.AddCandidates](phone); n != 1 {
			t.Errorf("AddCandidates %d times, want once", n)
		}
	})
}

// TestPeerError checks that a description that does not fit ends the call on
// both sides, and that the app learns why.
func TestPeerError(t *testing.T) {
	noCodec := errors.New("no common codec")
	t.Run("callee rejects", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			door, phone := w.join(101, "door"), w.join(102, "phone")
			phone.media.SetManual(true)
			w.ring(door, 102)
			s := w.only(phone)
			w.ok(s.Accept(nil))
			phone.media.Emit(call.PeerError{Peer: call.PeerKey{Session: s.ID(), User: 101}, Err: noCodec})
			w.wantEvents(door, "onRejectCall ACTIVE 102", "onSessionClose CLOSED")
			w.wantEvents(phone, "onCall NEW 101 door=front", "onSessionClose CLOSED")
			if !errors.Is(s.LastError(), noCodec) {
				t.Errorf("LastError %v", s.LastError())
			}
		})
	})
	t.Run("caller hangs up", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			door, phone := w.join(101, "door"), w.join(102, "phone")
			s := w.ring(door, 102)
			door.media.SetManual(true)
			w.ok(w.only(phone).Accept(nil))
			door.media.Emit(call.PeerError{Peer: call.PeerKey{Session: s.ID(), User: 102}, Err: noCodec})
			w.wantEvents(door, "onAcceptCall ACTIVE 102", "onSessionClose CLOSED")
			w.wantSent(door, call.SignalCall, call.SignalHangUp)
		})
	})
	t.Run("nothing was sent", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			door := w.join(101, "door")
			door.media.SetManual(true)
			s := w.ring(door, 102)
			door.media.Emit(call.PeerError{Peer: call.PeerKey{Session: s.ID(), User: 102}, Err: noCodec})
			w.wantEvents(door, "onSessionClose CLOSED")
			w.wantSent(door)
		})
	})
}

// TestNeverConnected checks that a call that was accepted but gets no
// connection is repaired like one that lost it, and ends.
func TestNeverConnected(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		door.media.SetManual(true)
		s := w.ring(door, 102)
		door.media.Emit(call.LocalDescription{Peer: call.PeerKey{Session: s.ID(), User: 102}, Type: call.Offer, SDP: "v=0"})
		door.Receive(call.Signal{Type: call.SignalAccept, Session: s.ID(), Peer: call.Address{User: 102}, SDP: "v=0"})
		pass(time.Minute)
		w.wantEvents(door, "onAcceptCall ACTIVE 102", "onReconnect ACTIVE 102 reconnecting", "onReconnect ACTIVE 102 failed",
			"onSessionConnectionStateChanged ACTIVE 102 CLOSED", "onSessionClose CLOSED")
		w.wantSent(door, call.SignalCall, call.SignalHangUp)
		if s.LastError() == nil {
			t.Error("no LastError")
		}
	})
}

// TestReceiveOnly checks that a call works without GetUserMedia.
func TestReceiveOnly(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		s, err := door.NewSession([]call.UserID{102}, call.Audio, call.SessionOptions{Bandwidth: 500})
		w.ok(err)
		w.ok(s.Call(nil))
		open, _ := door.media.Commands()[0].(call.OpenPeer)
		if open.Stream != nil || open.Bandwidth != 500 || open.CallType != call.Audio {
			t.Errorf("opened %+v", open)
		}
		if got := w.network.Sent(101)[0].Signal; got.Bandwidth != 500 || got.CallType != call.Audio || got.Platform != "intercom" {
			t.Errorf("sent %+v", got)
		}
	})
}

// commands counts the commands of one kind a party's media was given.
func commands[T call.MediaCommand](p *party) int {
	n := 0
	for _, c := range p.media.Commands() {
		if _, ok := c.(T); ok {
			n++
		}
	}
	return n
}

// incomingCall is a `call` of the session's initiator.
func incomingCall(id call.SessionID, from call.UserID, to ...call.UserID) call.Signal {
	return call.Signal{
		Type: call.SignalCall, Session: id, Peer: call.Address{User: from, Resource: "r"}, CallType: call.Video,
		Initiator: from, Opponents: to, SDP: "v=0\nm=video", Extension: call.Extension{"k": "v"},
	}
}

// TestGetUserMedia checks who closes streams.
func TestGetUserMedia(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		s, err := door.NewSession([]call.UserID{102}, call.Video, call.SessionOptions{})
		w.ok(err)
		ctx := w.t.Context()
		first, err := s.GetUserMedia(ctx, call.MediaParams{Audio: true})
		w.ok(err)
		_, err = s.GetUserMedia(ctx, call.MediaParams{Audio: true, Video: true})
		w.ok(err)
		if n := first.(*calltest.Stream).Closed(); n != 1 {
			t.Errorf("the replaced stream was closed %d times", n)
		}
		door.media.SetError(errNoDevice)
		if _, err := s.GetUserMedia(ctx, call.MediaParams{}); !errors.Is(err, errNoDevice) {
			t.Errorf("GetUserMedia: %v", err)
		}
		w.ok(s.Call(nil))
		if _, err := s.GetUserMedia(ctx, call.MediaParams{}); !errors.Is(err, call.ErrState) {
			t.Errorf("GetUserMedia in ACTIVE: %v", err)
		}
	})
}

// TestMuteBeforeGetUserMedia checks that what was muted while it rang stays
// muted with the stream that comes later, and with the one that replaces it.
func TestMuteBeforeGetUserMedia(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		door.Receive(incomingCall("s", 102, 101))
		synctest.Wait()
		s := w.only(door)
		w.ok(s.Mute(call.KindAudio))
		w.ok(s.Mute(call.KindVideo))
		w.ok(s.Unmute(call.KindVideo))
		for range 2 {
			_, err := s.GetUserMedia(w.t.Context(), call.MediaParams{Audio: true, Video: true})
			w.ok(err)
			commands := door.media.Commands()
			want := call.SetMuted{Session: "s", Kind: call.KindAudio, Muted: true}
			if last := commands[len(commands)-1]; last != want {
				t.Errorf("after GetUserMedia the last command is %+v, want %+v", last, want)
			}
		}
	})
}

// TestMuteOfNothing checks that a kind that does not exist is refused.
func TestMuteOfNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(101, "door")
		door.Receive(incomingCall("s", 102, 101))
		synctest.Wait()
		for _, request := range []func(call.Kind) error{w.only(door).Mute, w.only(door).Unmute} {
			if err := request("smell"); err == nil || errors.Is(err, call.ErrState) {
				t.Errorf("error %v, want one about the kind", err)
			}
		}
		if n := commands[call.SetMuted](door); n != 0 {
			t.Errorf("%d commands", n)
		}
	})
}
