package media

import (
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
)

func TestKeyFramesAreRecognised(t *testing.T) {
	for name, tc := range map[string]struct {
		codec codecName
		frame []byte
		want  bool
	}{
		"IDR alone":              {codecH264, []byte{0, 0, 0, 1, 0x65, 1}, true},
		"IDR after SPS and PPS":  {codecH264, []byte{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 1}, true},
		"slice":                  {codecH264, []byte{0, 0, 0, 1, 0x41, 1}, false},
		"slice after SEI":        {codecH264, []byte{0, 0, 1, 0x06, 9, 0, 0, 1, 0x41}, false},
		"parameter sets only":    {codecH264, []byte{0, 0, 1, 0x67, 1, 0, 0, 1, 0x68}, false},
		"ends in a start code":   {codecH264, []byte{0, 0, 1}, false},
		"nothing":                {codecH264, nil, false},
		"VP8 key":                {codecVP8, []byte{0x10, 2, 0, 0x9d, 1, 0x2a}, true},
		"VP8 difference":         {codecVP8, []byte{0x31, 2, 0}, false},
		"VP8 nothing":            {codecVP8, nil, false},
		"sound has no key frame": {codecOpus, []byte{1}, true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, isKeyFrame(tc.codec, tc.frame)) })
	}
}

func TestNameOf(t *testing.T) {
	for mime, want := range map[string]codecName{
		"video/H264": codecH264, "VIDEO/h264": codecH264, "video/VP8": codecVP8, "audio/OPUS": codecOpus,
		"audio/H264": "", "video/VP9": "", "": "",
	} {
		got, ok := nameOf(mime)
		assert.Equal(t, want, got, mime)
		assert.Equal(t, want != "", ok, mime)
	}
}

func TestChooseCodecPrefersH264(t *testing.T) {
	params := func(names ...codecName) (out []webrtc.RTPCodecParameters) {
		for i, n := range names {
			p := n.parameters()
			p.PayloadType = webrtc.PayloadType(100 + i)
			out = append(out, p)
		}
		return out
	}
	for name, tc := range map[string]struct {
		kind       call.Kind
		negotiated []webrtc.RTPCodecParameters
		want       codecName
		wantPT     webrtc.PayloadType
	}{
		"both, VP8 first": {call.KindVideo, params(codecVP8, codecH264), codecH264, 101},
		"VP8 only":        {call.KindVideo, params(codecVP8), codecVP8, 100},
		"sound":           {call.KindAudio, params(codecOpus), codecOpus, 100},
		"no video":        {call.KindVideo, nil, "", 102},
		"no sound":        {call.KindAudio, params(codecVP8), "", 111},
	} {
		t.Run(name, func(t *testing.T) {
			p, got := chooseCodec(tc.kind, tc.negotiated)
			assert.Equal(t, tc.want, got)
			assert.Equal(t, tc.wantPT, p.PayloadType)
		})
	}
}
