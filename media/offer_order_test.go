package media

import (
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

// libwebrtc answers an offer with what it was told to accept, but sends the
// first codec of the offer that it knows. A client that refuses H.264 would
// send H.264 if that came first, and pion would drop what was not negotiated.
func TestOfferNamesVP8BeforeH264(t *testing.T) {
	engine, err := newMediaEngine()
	if err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(offer.SDP, "m=video 9 UDP/TLS/RTP/SAVPF 96 102\r\n") {
		t.Errorf("video section does not name VP8 (96) first and H.264 (102) second:\n%s", offer.SDP)
	}
	if names := codecNames(); names[0] != codecH264 {
		t.Errorf("what is sent begins with %s, want H.264", names[0])
	}
}
