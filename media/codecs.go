package media

import (
	"fmt"
	"strings"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// codecName is the encoding name of an RTP payload format as in SDP's rtpmap.
type codecName string

// The codecs in use.
const (
	codecH264 codecName = "H264"
	codecVP8  codecName = "VP8"
	codecOpus codecName = "opus"
)

// codecNames lists the codecs in the order in which we choose what we send: H.264
// comes first since hardware encodes it; VP8 is for peers that refuse H.264
// (QuickBlox on Safari).
func codecNames() []codecName { return []codecName{codecH264, codecVP8, codecOpus} }

func (n codecName) lower() string { return strings.ToLower(string(n)) }

func (n codecName) kind() call.Kind {
	if n == codecOpus {
		return call.KindAudio
	}
	return call.KindVideo
}

func (n codecName) mimeType() string { return string(n.kind()) + "/" + string(n) }

// nameOf finds the codec of a MIME type such as "video/H264".
func nameOf(mimeType string) (codecName, bool) {
	for _, n := range codecNames() {
		if strings.EqualFold(n.mimeType(), mimeType) {
			return n, true
		}
	}
	return "", false
}

// capability describes the codec for SDP. H.264 is constrained baseline, level
// 3.1, with fragmentation (RFC 6184 8.1, RFC 7742 6.2); Opus is mono with
// in-band error correction (RFC 7587 6.1; its rtpmap says two channels always).
func (n codecName) capability() webrtc.RTPCodecCapability {
	c := webrtc.RTPCodecCapability{MimeType: n.mimeType(), ClockRate: 90000}
	switch n {
	case codecOpus:
		c.ClockRate, c.Channels = 48000, 2
		c.SDPFmtpLine = "minptime=10;useinbandfec=1"
		return c
	case codecH264:
		c.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	}
	c.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, {Type: "goog-remb"}}
	return c
}

func (n codecName) parameters() webrtc.RTPCodecParameters {
	pt := map[codecName]webrtc.PayloadType{codecH264: 102, codecVP8: 96, codecOpus: 111}[n]
	return webrtc.RTPCodecParameters{RTPCodecCapability: n.capability(), PayloadType: pt}
}

// payloader makes the packetizer of a codec; it belongs to one stream.
func (n codecName) payloader() rtp.Payloader {
	switch n {
	case codecH264:
		return &codecs.H264Payloader{}
	case codecVP8:
		return &codecs.VP8Payloader{EnablePictureID: true}
	}
	return &codecs.OpusPayloader{}
}

// offeredNames lists the codecs in the order of our descriptions, which is that
// of the SDK. VP8 comes before H.264 there because libwebrtc sends the first
// codec of the remote offer that it knows, even when its own answer refuses it
// (QuickBlox on Safari); what we send follows [codecNames], not this order.
func offeredNames() []codecName { return []codecName{codecVP8, codecH264, codecOpus} }

// newMediaEngine registers the codecs of this package and nothing else, which
// keeps descriptions below 6 kB.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	for _, n := range offeredNames() {
		kind := webrtc.RTPCodecTypeVideo
		if n.kind() == call.KindAudio {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := m.RegisterCodec(n.parameters(), kind); err != nil {
			return nil, fmt.Errorf("register codec %s: %w", n, err)
		}
	}
	return m, nil
}

// isKeyFrame tells whether an encoded frame can be decoded on its own.
func isKeyFrame(n codecName, frame []byte) bool {
	switch n {
	case codecH264:
		return h264KeyFrame(frame)
	case codecVP8:
		return len(frame) > 0 && frame[0]&1 == 0 // RFC 6386 9.1: inverse key frame bit
	}
	return true
}

// h264KeyFrame looks for the first slice of an Annex-B access unit and reports
// whether it belongs to an IDR picture (ITU-T H.264 table 7-1).
func h264KeyFrame(au []byte) bool {
	const slice, partitionA, idr = 1, 2, 5
	for i := 0; i+3 < len(au); i++ {
		if au[i] != 0 || au[i+1] != 0 || au[i+2] != 1 {
			continue
		}
		switch au[i+3] & 0x1f {
		case idr:
			return true
		case slice, partitionA:
			return false
		}
		i += 3
	}
	return false
}
