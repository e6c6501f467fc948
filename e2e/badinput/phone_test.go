//go:build e2e

package badinput

import (
	"context"
	"log/slog"
	"testing"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// phone is a contact who behaves: logged in at the server, able to call and to
// be called.
type phone struct {
	user    call.UserID
	link    *signaling.Link
	signals *rig.Log[call.Signal]
	rung    map[call.SessionID]bool // calls that were taken; they are repeated
}

// phone logs a contact in until the test ends.
func (l *lab) phone(t *testing.T, user call.UserID) *phone {
	t.Helper()
	codec, err := quickblox.NewCodec(appID, domain, quickblox.NewID)
	if err != nil {
		t.Fatal(err)
	}
	link, err := signaling.New(signaling.Config{
		Domain: domain, Username: user.String() + "-7", Password: password(user), Resource: "phone",
		Address: prosodyAddress, CAFile: l.path("ca.pem"),
	}, codec, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{user: user, link: link, signals: rig.NewLog[call.Signal](), rung: map[call.SessionID]bool{}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	online := make(chan struct{}, 100)
	go func() {
		done <- link.Run(ctx, p.signals.Add, func(s signaling.State) {
			if s.Online {
				online <- struct{}{}
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("phone: %v", err)
		}
	})
	wait, cancelWait := context.WithTimeout(t.Context(), limit)
	defer cancelWait()
	select {
	case <-online:
	case <-wait.Done():
		t.Fatalf("phone not online: %+v", link.Status())
	}
	return p
}

// signal takes the next signal of a type; session "" is any new one.
func (p *phone) signal(t *testing.T, typ call.SignalType, session call.SessionID) call.Signal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	s, err := p.signals.Take(ctx, string(typ)+" at the phone", func(s call.Signal) bool {
		return s.Type == typ && (s.Session == session || session == "" && !p.rung[s.Session])
	})
	if err != nil {
		t.Fatalf("%s", tail(err.Error(), 4000))
	}
	p.rung[s.Session] = true
	return s
}

// send sends a signal of a session to the door.
func (p *phone) send(typ call.SignalType, session call.SessionID, sdp string) {
	p.link.Send(p.to(typ, session, sdp))
}

func (p *phone) to(typ call.SignalType, session call.SessionID, sdp string) call.Signal {
	s := call.Signal{
		Type: typ, Peer: call.Address{User: door, Resource: "intercom-1"}, Session: session,
		CallType: call.Video, Initiator: p.user, Opponents: []call.UserID{door}, Platform: "test", SDP: sdp,
	}
	if typ == call.SignalAccept || typ == call.SignalHangUp && p.rung[session] {
		s.Initiator, s.Opponents = door, []call.UserID{p.user}
	}
	return s
}

// conversation is a phone's side of a call with media.
type conversation struct {
	pc      *webrtc.PeerConnection
	picture chan struct{} // a packet of the picture has come; drops when not read
	sound   chan struct{} // the same of the sound
}

// newConversation makes a PeerConnection that ends with the test.
func newConversation(t *testing.T) *conversation {
	t.Helper()
	var settings webrtc.SettingEngine
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	c := &conversation{pc: pc, picture: make(chan struct{}, 1), sound: make(chan struct{}, 1)}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		packets := c.picture
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			packets = c.sound
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			select {
			case packets <- struct{}{}:
			default:
			}
		}
	})
	return c
}

// offer returns the description of a call, with its candidates.
func (c *conversation) offer(t *testing.T) string {
	t.Helper()
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	sdp, err := c.pc.CreateOffer(nil)
	return c.describe(t, sdp, err)
}

// answer takes a call and returns the description of the accept.
func (c *conversation) answer(t *testing.T, offer string) string {
	t.Helper()
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatalf("the device's offer: %v", err)
	}
	sdp, err := c.pc.CreateAnswer(nil)
	return c.describe(t, sdp, err)
}

func (c *conversation) describe(t *testing.T, sdp webrtc.SessionDescription, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(sdp); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return c.pc.LocalDescription().SDP
}

// sees waits for packets of the picture that come from now on.
func (c *conversation) sees(t *testing.T) {
	t.Helper()
	arrives(t, "picture", c.picture)
}

// hears waits for packets of the sound that come from now on.
func (c *conversation) hears(t *testing.T) {
	t.Helper()
	arrives(t, "sound", c.sound)
}

// arrives waits for three packets; the first may be an old one.
func arrives(t *testing.T, what string, packets chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for range 3 {
		select {
		case <-packets:
		case <-ctx.Done():
			t.Fatalf("no %s arrives", what)
		}
	}
}

// talk presses the button, lets the phone accept, and waits for the picture.
func (p *phone) talk(t *testing.T, d *device) (call.SessionID, *conversation) {
	t.Helper()
	d.press(t)
	ring := p.signal(t, call.SignalCall, "")
	c := newConversation(t)
	p.send(call.SignalAccept, ring.Session, c.answer(t, ring.SDP))
	d.eventOf(t, "onAcceptCall", ring.Session)
	c.sees(t)
	return ring.Session, c
}

// hangUp ends a call with media and waits until the device has let it go.
func (p *phone) hangUp(t *testing.T, d *device, id call.SessionID, c *conversation) {
	t.Helper()
	p.send(call.SignalHangUp, id, "")
	d.eventOf(t, "onSessionClose", id)
	c.pc.Close()
	d.idle(t)
}

// nothingLost proves that the device is what it was: the same process, which
// rings a contact who accepts and gets the picture.
func (p *phone) nothingLost(t *testing.T, d *device) {
	t.Helper()
	if !d.alive() {
		t.Fatalf("the device has ended:\n%s", tail(d.logged(), 4000))
	}
	id, c := p.talk(t, d)
	p.hangUp(t, d, id, c)
}

// accepted takes the description of the accept of a call.
func (c *conversation) accepted(t *testing.T, sdp string) {
	t.Helper()
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		t.Fatalf("the device's answer: %v", err)
	}
}
