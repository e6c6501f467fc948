package media

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// many repeats a line with a number in it.
func many(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

// TestHugeDescriptionsAreDealtWithSoon gives descriptions of the largest size
// allowed to the whole intake. A call's goroutine is busy meanwhile, others are
// not.
func TestHugeDescriptionsAreDealtWithSoon(t *testing.T) {
	good := offerText([]string{"opus/48000/2"}, []string{"H264/90000"})
	audio, video, _ := strings.Cut(good, "m=video")
	section := "m=audio" + strings.SplitN(audio, "m=audio", 2)[1]
	for name, text := range map[string]string{
		"codecs":            good + many(2200, "a=rtpmap:%d H264/90000\n"),
		"codecs of a line":  strings.Replace(good, "SAVPF 97", "SAVPF 97"+many(9000, " %d"), 1),
		"formats":           good + many(1000, "a=fmtp:97 x=%d;packetization-mode=1;profile-level-id=42e01f\n"),
		"feedback":          good + many(2800, "a=rtcp-fb:97 nack %d\n"),
		"header extensions": good + many(1300, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid\n"),
		"sections":          audio + strings.Repeat(strings.ReplaceAll(section, "a=mid:0\n", "")+many(150, "a=rtpmap:96 codec%d/90000\n"), 14),
		"sources":           good + many(1400, "a=ssrc:%d cname:somebody else\n"),
		"source groups":     good + many(1900, "a=ssrc-group:FID %d 4294967295\n"),
		"layers":            good + many(3600, "a=rid:%d send\n") + "a=simulcast:send 1;2;3\n",
		"candidates":        good + many(1200, "a=candidate:%d 1 udp 1 10.0.0.1 5000 typ host\n"),
		"unknown lines":     good + many(3700, "a=something:%d\n"),
		"video kinds":       audio + "m=video" + video + many(3900, "a=msid:x y%d\n"),
	} {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, len(text), maxSDP)
			require.Greater(t, len(text), maxSDP/8)
			began := time.Now()
			d, err := parseRemote(text, &candidateFilter{})
			if err == nil {
				err = takeIn(t, d.text)
			}
			took := time.Since(began)
			t.Logf("%d bytes in %s: %v", len(text), took, err)
			assert.Less(t, took, 2*time.Second)
		})
	}
}

// takeIn gives a description to a PeerConnection of its own.
func takeIn(t *testing.T, text string) error {
	t.Helper()
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.9.0.0/16", LoggerFactory: quietPion()})
	require.NoError(t, err)
	n, err := vnet.NewNet(&vnet.NetConfig{})
	require.NoError(t, err)
	require.NoError(t, router.AddNet(n))
	cfg, err := Config{Net: n}.withDefaults()
	require.NoError(t, err)
	stack, err := newStack(cfg, new(atomic.Bool), newCounters(), testLog(), watcher{heard: func() {}, again: func() {}, overrun: func() {}})
	require.NoError(t, err)
	pc, err := stack.api.NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio)
	require.NoError(t, err)
	err = guard(func() error {
		return pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text})
	})
	if err == nil {
		_, err = pc.CreateAnswer(nil)
	}
	require.NoError(t, pc.GracefulClose())
	return err
}
