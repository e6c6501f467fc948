package media

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offerText is a description as a browser makes it, with LF lines as XMPP
// delivers them. Each codec of a kind gets a payload type.
func offerText(audio, video []string) string {
	var b strings.Builder
	b.WriteString("v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0 1\na=msid-semantic: WMS x\n")
	pt := 96
	section := func(kind, mid string, codecs []string) {
		var pts, maps string
		for _, c := range codecs {
			pts += fmt.Sprintf(" %d", pt)
			maps += fmt.Sprintf("a=rtpmap:%d %s\n", pt, c)
			if strings.HasPrefix(c, "H264") {
				maps += fmt.Sprintf("a=fmtp:%d level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\n", pt)
			}
			pt++
		}
		fmt.Fprintf(&b, "m=%s 9 UDP/TLS/RTP/SAVPF%s\nc=IN IP4 0.0.0.0\na=ice-ufrag:abcd\na=ice-pwd:0123456789abcdef0123456789\n", kind, pts)
		b.WriteString("a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\n")
		fmt.Fprintf(&b, "a=setup:actpass\na=mid:%s\na=sendrecv\na=rtcp-mux\n%s", mid, maps)
	}
	if audio != nil {
		section("audio", "0", audio)
	}
	if video != nil {
		section("video", "1", video)
	}
	return b.String()
}

func TestParseRemoteTakesBothLineEndings(t *testing.T) {
	lf := offerText([]string{"opus/48000/2"}, []string{"H264/90000"})
	for name, text := range map[string]string{
		"LF": lf, "CRLF": strings.ReplaceAll(lf, "\n", "\r\n"), "CR": strings.ReplaceAll(lf, "\n", "\r"),
		"mixed": strings.Replace(lf, "\n", "\r\n", 3), "no end": strings.TrimSuffix(lf, "\n"), "blank lines": lf + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := parseRemote(text, &candidateFilter{})
			require.NoError(t, err)
			assert.Equal(t, strings.ReplaceAll(lf, "\n", "\r\n"), d.text)
			assert.Equal(t, []call.Kind{call.KindAudio, call.KindVideo}, d.sends)
		})
	}
}

func TestParseRemoteRefusesHostileText(t *testing.T) {
	good := offerText([]string{"opus/48000/2"}, nil)
	for want, text := range map[string]string{
		"parse description":                         "",
		"parse description: ":                       "this is not SDP",
		"0 media sections":                          "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n",
		"17 media sections":                         good + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 96\n", 16),
		"bytes are more than 65536":                 good + "a=x:" + strings.Repeat("y", maxSDP),
		"no common codec: peer offers VP9, AV1":     offerText(nil, []string{"VP9/90000", "AV1/90000"}),
		"no common codec: peer offers PCMU, VP9":    offerText([]string{"PCMU/8000"}, []string{"VP9/90000"}),
		"no common codec: peer offers nothing":      strings.ReplaceAll(good, "m=audio 9 ", "m=audio 0 "),
		`no common codec: peer offers \x00\x01evil`: offerText([]string{"\x00\x01evil/8000"}, nil),
	} {
		t.Run(want, func(t *testing.T) {
			_, err := parseRemote(text, &candidateFilter{})
			assert.ErrorContains(t, err, want)
			assert.Less(t, len(err.Error()), 600, "errors go into logs")
		})
	}
}

func TestNoCommonCodecIsShort(t *testing.T) {
	var codecs []string
	for i := range 100 {
		codecs = append(codecs, fmt.Sprintf("codec%d%s/90000", i, strings.Repeat("z", 200)))
	}
	_, err := parseRemote(offerText(nil, codecs), &candidateFilter{})
	assert.ErrorIs(t, err, ErrNoCommonCodec)
	assert.Less(t, len(err.Error()), 600)
	assert.Contains(t, err.Error(), "…")
}

func TestWhatThePeerSends(t *testing.T) {
	both := offerText([]string{"opus/48000/2"}, []string{"VP8/90000"})
	audio, video := call.KindAudio, call.KindVideo
	video0, video1, _ := strings.Cut(both, "m=video")
	for name, tc := range map[string]struct {
		text string
		want []call.Kind
	}{
		"both":             {both, []call.Kind{audio, video}},
		"video recvonly":   {video0 + "m=video" + strings.Replace(video1, "a=sendrecv", "a=recvonly", 1), []call.Kind{audio}},
		"video inactive":   {video0 + "m=video" + strings.Replace(video1, "a=sendrecv", "a=inactive", 1), []call.Kind{audio}},
		"video sendonly":   {video0 + "m=video" + strings.Replace(video1, "a=sendrecv", "a=sendonly", 1), []call.Kind{audio, video}},
		"audio recvonly":   {strings.Replace(both, "a=sendrecv", "a=recvonly", 1), []call.Kind{video}},
		"by session":       {strings.Replace(strings.ReplaceAll(both, "a=sendrecv\n", ""), "a=group", "a=recvonly\na=group", 1), nil},
		"unsaid":           {strings.ReplaceAll(both, "a=sendrecv\n", ""), []call.Kind{audio, video}},
		"foreign video":    {strings.ReplaceAll(both, "VP8", "AV1"), []call.Kind{audio}},
		"rejected video":   {strings.Replace(both, "m=video 9", "m=video 0", 1), []call.Kind{audio}},
		"with application": {both + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:2\n", []call.Kind{audio, video}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := parseRemote(tc.text, &candidateFilter{})
			require.NoError(t, err)
			assert.Equal(t, tc.want, d.sends)
		})
	}
}

func TestRemoteCandidatesAreBounded(t *testing.T) {
	text := offerText([]string{"opus/48000/2"}, nil)
	for i := range 1000 {
		text += fmt.Sprintf("a=candidate:%d 1 udp 1 10.0.0.1 %d typ host\n", i, 1000+i)
	}
	d, err := parseRemote(text+"a=end-of-candidates\n", &candidateFilter{})
	require.NoError(t, err)
	assert.Equal(t, maxCandidates, strings.Count(d.text, "a=candidate:"))
	assert.Contains(t, d.text, "a=end-of-candidates")
}

func TestLimitBandwidth(t *testing.T) {
	text := "v=0\r\nm=audio 9 X 1\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\nm=video 9 X 2\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"
	assert.Equal(t, text, limitBandwidth(text, 0))
	assert.Equal(t,
		"v=0\r\nm=audio 9 X 1\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\nm=video 9 X 2\r\nc=IN IP4 0.0.0.0\r\nb=AS:500\r\na=mid:1\r\n",
		limitBandwidth(text, 500))
}

func TestLocalCandidatesCarryTheirSection(t *testing.T) {
	text := "v=0\r\nm=audio 9 X 1\r\na=candidate:1 1 udp 1 10.0.0.1 5 typ host\r\na=candidate:1 2 udp 1 10.0.0.1 5 typ host\r\na=mid:first\r\n" +
		"m=video 9 X 2\r\na=candidate:2 1 udp 1 10.0.0.1 6 typ host\r\n"
	assert.Equal(t, []call.Candidate{
		{Candidate: "candidate:1 1 udp 1 10.0.0.1 5 typ host", SDPMid: "first"},
		{Candidate: "candidate:2 1 udp 1 10.0.0.1 6 typ host", SDPMid: "1", SDPMLineIndex: 1},
	}, localCandidates(text), "those of RTCP are left out: it shares the port")
}

// FuzzRemoteSDP gives descriptions to the whole intake, pion included.
func FuzzRemoteSDP(f *testing.F) {
	f.Add(offerText([]string{"opus/48000/2"}, []string{"H264/90000"}))
	f.Add(offerText([]string{"opus/48000/2"}, []string{"VP8/90000", "H264/90000"}) + "a=candidate:1 1 udp 1 10.0.0.1 5 typ host\n")
	f.Add("v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\na=rtpmap:0 opus/48000\n")
	f.Add("m=video\x00")
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.9.0.0/16", LoggerFactory: quietPion()})
	require.NoError(f, err)
	n, err := vnet.NewNet(&vnet.NetConfig{})
	require.NoError(f, err)
	require.NoError(f, router.AddNet(n))
	cfg, err := Config{Net: n}.withDefaults()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseRemote(text, &candidateFilter{})
		if err != nil {
			return
		}
		stack, err := newStack(cfg, new(atomic.Bool), newCounters(), testLog(), watcher{})
		require.NoError(t, err)
		pc, err := stack.api.NewPeerConnection(webrtc.Configuration{})
		require.NoError(t, err)
		_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio)
		require.NoError(t, err)
		desc := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: d.text}
		if guard(func() error { return pc.SetRemoteDescription(desc) }) == nil {
			_, _ = pc.CreateAnswer(nil)
		}
		require.NoError(t, pc.Close())
	})
}
