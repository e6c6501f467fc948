package abuse

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// hostile is a peer inside a call that sends what it likes.
type hostile struct {
	pc        *webrtc.PeerConnection
	sound     *webrtc.TrackLocalStaticRTP
	connected chan struct{} // closed once it is
	tracks    chan webrtc.SSRC
}

// newHostile makes a peer that sends sound and receives everything.
func newHostile() (*hostile, error) {
	var settings webrtc.SettingEngine
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		return nil, fmt.Errorf("make hostile peer: %w", err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("make hostile peer: %w", err)
	}
	h := &hostile{pc: pc, connected: make(chan struct{}), tracks: make(chan webrtc.SSRC, 16)}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(h.connected) // a PeerConnection of pion is that once
		}
	})
	pc.OnTrack(h.receive)
	if h.sound, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "sound", "hostile"); err != nil {
		return nil, fmt.Errorf("make hostile peer: %w", err)
	}
	if _, err := pc.AddTrack(h.sound); err != nil {
		return nil, fmt.Errorf("make hostile peer: %w", err)
	}
	return h, nil
}

// receive tells of a track and throws away what comes, until it ends.
func (h *hostile) receive(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	select {
	case h.tracks <- track.SSRC():
	default: // nobody asks for so many
	}
	buffer := make([]byte, 1500)
	for {
		if _, _, err := track.Read(buffer); err != nil {
			return
		}
	}
}

// answer takes an offer and returns the answer, with its candidates.
func (h *hostile) answer(offer string) (string, error) {
	if err := h.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("take the device's offer: %w", err)
	}
	sdp, err := h.pc.CreateAnswer(nil)
	return h.describe(sdp, err)
}

// offer returns an offer, with its candidates.
func (h *hostile) offer() (string, error) {
	if _, err := h.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		return "", fmt.Errorf("make offer: %w", err)
	}
	sdp, err := h.pc.CreateOffer(nil)
	return h.describe(sdp, err)
}

func (h *hostile) describe(sdp webrtc.SessionDescription, err error) (string, error) {
	if err != nil {
		return "", fmt.Errorf("describe session: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(h.pc)
	if err := h.pc.SetLocalDescription(sdp); err != nil {
		return "", fmt.Errorf("describe session: %w", err)
	}
	<-gathered
	return h.pc.LocalDescription().SDP, nil
}

// awaitTrack waits until the device sends something, and says what.
func (h *hostile) awaitTrack(ctx context.Context) (webrtc.SSRC, error) {
	select {
	case ssrc := <-h.tracks:
		return ssrc, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for media at the hostile peer: %w", ctx.Err())
	}
}

// rtcp sends feedback of many kinds about a track.
func (h *hostile) rtcp(ssrc webrtc.SSRC) func(int) error {
	of := uint32(ssrc)
	kinds := [][]rtcp.Packet{
		{&rtcp.PictureLossIndication{MediaSSRC: of}},
		{&rtcp.FullIntraRequest{MediaSSRC: of, FIR: []rtcp.FIREntry{{SSRC: of, SequenceNumber: 1}}}},
		{&rtcp.TransportLayerNack{MediaSSRC: of, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}}},
		{&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1, SSRCs: []uint32{of}}},
		{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: of, FractionLost: 255, TotalLost: 0xffffff}}}},
		{&rtcp.PictureLossIndication{MediaSSRC: 1}, &rtcp.Goodbye{Sources: []uint32{1, of}}},
	}
	return func(i int) error { return h.pc.WriteRTCP(kinds[i%len(kinds)]) }
}

// rtp sends sound of n bytes a packet, faster than any.
func (h *hostile) rtp(n int) func(int) error {
	payload := make([]byte, n)
	return func(i int) error {
		return h.sound.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960},
			Payload: payload,
		})
	}
}

// otherFingerprint is a description whose certificate is somebody else's.
func otherFingerprint(sdp string) string {
	var b strings.Builder
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=fingerprint:sha-256 ") {
			line = "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// datagrams sends n bytes of what looks like STUN, or like RTP, to addresses in
// turns.
func datagrams(n int, stun bool, to []*net.UDPAddr) (send func(int) error, closeSocket func() error, err error) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, fmt.Errorf("open socket for datagrams: %w", err)
	}
	packet := make([]byte, n)
	packet[0] = 0x80 // RTP version 2
	if stun {        // a binding request with a magic cookie and no attributes (RFC 8489 section 5)
		copy(packet, []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42})
	}
	return func(i int) error {
		packet[n-1], packet[n-2] = byte(i), byte(i>>8)
		_, err := socket.WriteToUDP(packet, to[i%len(to)])
		return err
	}, socket.Close, nil
}
