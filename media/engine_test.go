package media

import (
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var propNone prop.Media

func TestCallOutBothSidesSeeAndHear(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		p := r.newRemote(codecVP8, codecH264)
		r.callOut(openVideo(1, s), p)
		ready := wait(r, time.Second, func(e call.RemoteStreamReady) bool { return e.Peer == key(1) })
		assert.Equal(t, []call.Kind{call.KindAudio}, ready.Stream.Kinds())
		require.NoError(t, r.engine.Attach(ready.Stream, Speaker{}))
		p.speak()
		time.Sleep(2 * time.Second)

		assert.Equal(t, webrtc.MimeTypeH264, p.videoCodec.Load(), "H.264 comes first though the peer prefers VP8")
		assert.Greater(t, p.frames.Load(), int64(40))
		assert.True(t, startsKeyFrame(p.firstPacket.Load(), webrtc.MimeTypeH264), "video begins with a key frame")
		assert.Greater(t, p.loud.Load(), int64(80))
		pcm, _ := r.ears.last()
		assert.Greater(t, loudness(pcm), 4000.0, "the peer is heard")
		r.engine.Do(call.ClosePeer{Peer: key(1)})
		p.close()
		require.NoError(t, s.Close())
	})
}

func TestCallIn(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		p := r.newRemote(codecH264)
		r.engine.Do(openVideo(1, s))
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: p.offer()})
		answer := wait(r, time.Second, descriptionOf(key(1)))
		assert.Equal(t, call.Answer, answer.Type)
		require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		time.Sleep(time.Second)
		assert.Greater(t, p.frames.Load(), int64(20))
		assert.Greater(t, p.loud.Load(), int64(40))
		p.close()
	})
}
