package intercom

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

func TestFirstAnswerWins(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.press("front")
		toAnna, toBen := r.lastSent(call.SignalCall, anna), r.lastSent(call.SignalCall, ben)
		if toAnna.Session == toBen.Session || len(toAnna.Opponents) != 1 {
			t.Errorf("want one 1:1 session per contact, got %v and %v", toAnna, toBen)
		}
		if toAnna.Extension["name"] != "Front door" || toAnna.Extension["button"] != "front" {
			t.Errorf("the call says %v, want the door's name and button", toAnna.Extension)
		}
		r.wantSaid("press rings both", "call 101", "call 102")
		r.answer(toBen, call.SignalAccept)
		r.wantSaid("the loser is told at once", "hangUp 101")
		if r.media.attached != 1 {
			t.Errorf("%d remote streams reach the speaker, want 1", r.media.attached)
		}
		r.answer(toAnna, call.SignalAccept)
		r.wantSaid("who accepts all the same is told once more", "hangUp 101")
		r.press("front")
		r.wantSaid("press in a call stops it", "hangUp 102")
	})
}

func TestPressWhileRingingStops(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.press("front")
		r.said()
		r.press("front")
		r.wantSaid("stop", "hangUp 101", "hangUp 102")
		r.press("front")
		r.wantSaid("and rings again", "call 101", "call 102")
	})
}

func TestTwoPressesAtOnceAreOne(t *testing.T) {
	run(t, nil, func(r *rig) {
		for range 2 {
			if err := r.dev.Press(r.t.Context(), "front"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(299 * time.Millisecond)
		}
		r.wantSaid("one ring", "call 101", "call 102")
	})
}

func TestNobodyAnswers(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.press("front")
		time.Sleep(61 * time.Second)
		got := r.happened()
		if n := strings.Count(strings.Join(got, " "), "onUserNotAnswer"); n != 2 {
			t.Errorf("%d onUserNotAnswer in %v, want 2", n, got)
		}
		if live := r.dev.Status().Sessions; len(live) != 0 {
			t.Errorf("sessions left: %v", live)
		}
		r.said()
		r.press("front")
		r.wantSaid("the button works again", "call 101", "call 102")
	})
}

func TestEverybodyRejects(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.press("front")
		toAnna, toBen := r.lastSent(call.SignalCall, anna), r.lastSent(call.SignalCall, ben)
		r.said()
		r.answer(toAnna, call.SignalReject)
		r.wantSaid("one reject leaves the other ringing")
		r.answer(toBen, call.SignalReject)
		if live := r.dev.Status().Sessions; len(live) != 0 {
			t.Errorf("sessions left: %v", live)
		}
	})
}

func TestConference(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.press("all")
		one, two := r.lastSent(call.SignalCall, anna), r.lastSent(call.SignalCall, ben)
		if one.Session != two.Session || len(one.Opponents) != 3 || one.CallType != call.Audio {
			t.Errorf("want one group session of type audio, got %v and %v", one, two)
		}
		r.said()
		r.answer(one, call.SignalAccept)
		r.answer(two, call.SignalAccept)
		r.wantSaid("nobody loses")
		r.press("all")
		r.wantSaid("stop tells everybody", "hangUp 101", "hangUp 102", "hangUp 103")
	})
}

func TestCallIn(t *testing.T) {
	for _, tc := range []struct {
		name   string
		auto   []call.UserID
		caller call.UserID
		press  bool
		want   []string // said in the end, candidates aside
	}{
		{"rings and is accepted by the button", nil, anna, true, []string{"accept 101"}},
		{"rings until somebody presses", nil, anna, false, []string{}},
		{"listed caller is answered", []call.UserID{anna}, anna, false, []string{"accept 101"}},
		{"caller not listed rings", []call.UserID{anna}, ben, false, []string{}},
		{"stranger is refused", nil, stranger, false, []string{"reject 999"}},
		{"stranger is refused though listed", []call.UserID{stranger}, stranger, false, []string{"reject 999"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run(t, func(c *Config) { c.AutoAccept = tc.auto }, func(r *rig) {
				r.callIn(tc.caller, "in-1")
				if tc.press {
					r.press("front")
				}
				r.wantSaid("answer", tc.want...)
				if tc.caller == stranger && len(r.media.asked) != 0 {
					t.Errorf("a stranger opened devices: %v", r.media.asked)
				}
			})
		})
	}
}

// TestAutoAcceptIsForListedCallersOnly lists calls that use the name of a
// listed caller to reach somebody who is not listed. None may be answered
// without a press.
func TestAutoAcceptIsForListedCallersOnly(t *testing.T) {
	for _, tc := range []struct {
		name    string
		from    call.UserID
		members []call.UserID
		pressed []string
	}{
		{"caller not listed claims that a listed one calls", ben, []call.UserID{self, ben}, []string{"call 101", "call 102"}},
		{"listed caller brings one along who is not", anna, []call.UserID{self, ben}, []string{"accept 101", "call 102"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run(t, func(c *Config) { c.AutoAccept = []call.UserID{anna} }, func(r *rig) {
				r.client.Receive(call.Signal{
					Type: call.SignalCall, Peer: call.Address{User: tc.from, Resource: "phone"}, Session: "in-1",
					CallType: call.Video, Initiator: anna, Opponents: tc.members, SDP: "offer",
				})
				r.wantSaid("nothing by itself")
				if len(r.media.asked) != 0 {
					t.Errorf("devices were opened: %v", r.media.asked)
				}
				r.press("front")
				r.wantSaid("a person decides", tc.pressed...)
			})
		})
	}
}

func TestPressWhileStrangerCallsRings(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.callIn(stranger, "in-1")
		r.said()
		r.press("front")
		r.wantSaid("the stranger is not in the way", "call 101", "call 102")
	})
}

func TestDevicesThatDoNotOpen(t *testing.T) {
	for _, tc := range []struct {
		name    string
		broken  map[call.Kind]bool
		asked   int
		streams int
	}{
		{"all well", nil, 1, 1},
		{"no camera", map[call.Kind]bool{call.KindVideo: true}, 2, 1},
		{"no microphone", map[call.Kind]bool{call.KindAudio: true}, 3, 1},
		{"neither", map[call.Kind]bool{call.KindAudio: true, call.KindVideo: true}, 3, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run(t, func(c *Config) { c.Buttons[0].Contacts = []call.UserID{anna} }, func(r *rig) {
				r.media.broken = tc.broken
				r.press("front")
				r.wantSaid("rings all the same", "call 101")
				if len(r.media.asked) != tc.asked || r.media.open() != tc.streams {
					t.Errorf("asked %v, %d open; want %d and %d", r.media.asked, r.media.open(), tc.asked, tc.streams)
				}
				if got := slices.Contains(r.happened(), "device"); got != (tc.broken != nil) {
					t.Errorf("told of the device: %v", got)
				}
			})
		})
	}
}

// TestDeviceThatHangs checks that a camera that never opens costs the call its
// picture and the time-out, not the sound.
func TestDeviceThatHangs(t *testing.T) {
	run(t, func(c *Config) { c.Buttons[0].Contacts = []call.UserID{anna} }, func(r *rig) {
		r.media.stuck = map[call.Kind]bool{call.KindVideo: true}
		r.press("front")
		time.Sleep(5 * time.Second)
		r.wantSaid("it rings after the time-out", "call 101")
		if r.media.open() != 1 || len(r.media.asked) != 2 {
			t.Errorf("%d streams after asking for %v, want the sound", r.media.open(), r.media.asked)
		}
	})
}

func TestRequests(t *testing.T) {
	run(t, nil, func(r *rig) {
		ctx := r.t.Context()
		wantError(t, "unknown button", r.dev.Press(ctx, "back"), `no button "back"; there is: front, all`)
		wantError(t, "nothing to accept", r.dev.Do(ctx, "accept", SessionRequest{}), "there is no session")
		wantError(t, "unknown verb", r.dev.Do(ctx, "sing", SessionRequest{}), `verb "sing": want accept, reject, stop, update, mute or unmute`)
		_, err := r.dev.Call(ctx, CallRequest{Users: []string{"Zoe"}})
		wantError(t, "unknown contact", err, `no contact "Zoe"; there is: Anna, Ben, Carl`)
		_, err = r.dev.Call(ctx, CallRequest{Users: []string{"Anna"}, CallType: "smell"})
		wantError(t, "unknown type", err, `call_type "smell": want video or audio`)
		_, err = r.dev.Call(ctx, CallRequest{})
		wantError(t, "nobody", err, `users "": want at least one contact`)
		bad := call.Extension{"two words": "v"}
		_, err = r.dev.Call(ctx, CallRequest{Users: []string{"Anna"}, Extension: bad})
		wantError(t, "data of a call", err, `extension "two words": must begin with a letter`)
		wantError(t, "data of a stop", r.dev.Do(ctx, "stop", SessionRequest{Extension: bad}), `extension "two words": must begin`)
		r.wantSaid("nothing after mistakes")

		ids, err := r.dev.Call(ctx, CallRequest{Users: []string{"Anna", "102"}, CallType: "audio"})
		if err != nil || len(ids) != 2 {
			t.Fatalf("Call: %v, %v", ids, err)
		}
		synctest.Wait()
		_, err = r.dev.Call(ctx, CallRequest{Users: []string{"Carl"}})
		wantError(t, "a second call", err, "call: a call is up already; stop it first")
		wantError(t, "which one", r.dev.Do(ctx, "update", SessionRequest{}), "update: several sessions; say which")
		var missing *NotFoundError
		if err := r.dev.Do(ctx, "stop", SessionRequest{Session: "nope"}); !errors.As(err, &missing) || len(missing.Known) != 2 {
			t.Errorf("unknown session: %v", err)
		}
		wantError(t, "accept of an outgoing call", r.dev.Do(ctx, "accept", SessionRequest{Session: ids[0]}), "is not ringing in")
		if err := r.dev.Do(ctx, "stop", SessionRequest{}); err != nil {
			t.Errorf("stop: %v", err)
		}
		r.wantSaid("stop means all", "call 101", "call 102", "hangUp 101", "hangUp 102")
	})
}

func TestUpdateAndMute(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.callIn(anna, "in-1")
		if err := r.dev.Do(r.t.Context(), "accept", SessionRequest{Extension: call.Extension{"door": "open"}}); err != nil {
			t.Fatal(err)
		}
		if got := r.lastSent(call.SignalAccept, anna).Extension; got["door"] != "open" || got["name"] != "Front door" {
			t.Errorf("accept says %v", got)
		}
		for _, verb := range []string{"update", "mute", "unmute"} {
			if err := r.dev.Do(r.t.Context(), verb, SessionRequest{Extension: call.Extension{"k": "v"}}); err != nil {
				t.Errorf("%s: %v", verb, err)
			}
		}
		if got := r.lastSent(call.SignalUpdate, anna).Extension; got["k"] != "v" {
			t.Errorf("update says %v", got)
		}
		r.said()
		st := r.dev.Status()
		if len(st.Sessions) != 1 || !st.Sessions[0].Incoming || st.Sessions[0].State != "ACTIVE" || st.Sessions[0].Peers[0].Name != "Anna" {
			t.Errorf("status: %+v", st.Sessions)
		}
	})
}

func TestShutdownHangsUp(t *testing.T) {
	var r *rig
	run(t, nil, func(rr *rig) {
		r = rr
		r.press("front")
		r.answer(r.lastSent(call.SignalCall, ben), call.SignalAccept)
		r.said()
	})
	if len(r.sent) != 1 || r.sent[0].Type != call.SignalHangUp || r.sent[0].Peer.User != ben {
		t.Errorf("at the end sent %v, want a hangUp to Ben", r.sent)
	}
}

func TestXMPPState(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.dev.SetXMPP(XMPPStatus{State: "offline", Error: "dial tcp: connection refused"})
		if got := r.happened(); !slices.Equal(got, []string{"xmpp"}) {
			t.Errorf("events %v, want xmpp", got)
		}
		if got := r.dev.Status().XMPP; got.State != "offline" || got.Error == "" {
			t.Errorf("status %+v", got)
		}
	})
}

func wantError(t *testing.T, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: error %v, want one with %q", what, err, text)
	}
}

// TestStatusOfALoopThatIsStuck is an answer all the same, for the shutdown
// waits for whoever asks.
func TestStatusOfALoopThatIsStuck(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.setCamera(DeviceOpen)
		release := make(chan struct{})
		r.dev.later(func() { <-release })
		synctest.Wait()
		began := time.Now()
		st := r.dev.Status()
		if took := time.Since(began); took != statusTimeout || st.Camera.State != DeviceOpen || st.Name != "Front door" {
			t.Errorf("after %v: %+v", took, st)
		}
		close(release)
	})
}
