package media

import (
	"image"
	"image/color"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThreePeersShareOneEncoder(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		assert.Zero(t, r.engine.Stats()["encoders_h264"], "no peer, no encoder")
		var peers []*remotePeer
		for user := 1; user <= 3; user++ {
			p := r.newRemote(codecVP8, codecH264)
			r.callOut(openVideo(user, s), p)
			peers = append(peers, p)
		}
		time.Sleep(time.Second)
		stats := r.engine.Stats()
		assert.EqualValues(t, 1, stats["encoders_h264"])
		assert.EqualValues(t, 1, stats["encoders_h264_started"])
		assert.EqualValues(t, 1, stats["encoders_opus"])
		assert.EqualValues(t, 0, stats["encoders_vp8_started"])
		assert.EqualValues(t, 3, stats["peers"])
		for _, p := range peers {
			assert.Greater(t, p.frames.Load(), int64(20))
			assert.True(t, startsKeyFrame(p.firstPacket.Load(), webrtc.MimeTypeH264))
		}
		for user, p := range peers {
			r.engine.Do(call.ClosePeer{Peer: key(user + 1)})
			p.close()
		}
		r.eventually(time.Second, "encoders stop with the last peer", func() bool {
			s := r.engine.Stats()
			return s["encoders_h264"] == 0 && s["encoders_opus"] == 0 && s["peers"] == 0
		})
	})
}

func TestVP8RunsOnlyWhileAPeerNeedsIt(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		modern, safari := r.newRemote(codecH264), r.newRemote(codecVP8)
		r.callOut(openVideo(1, s), modern)
		time.Sleep(500 * time.Millisecond)
		assert.Zero(t, r.engine.Stats()["encoders_vp8_started"])
		r.callOut(openVideo(2, s), safari)
		time.Sleep(time.Second)
		stats := r.engine.Stats()
		assert.EqualValues(t, 1, stats["encoders_vp8"])
		assert.EqualValues(t, 1, stats["encoders_h264"])
		assert.Equal(t, webrtc.MimeTypeVP8, safari.videoCodec.Load())
		assert.True(t, startsKeyFrame(safari.firstPacket.Load(), webrtc.MimeTypeVP8))
		assert.Greater(t, safari.frames.Load(), int64(10))
		r.engine.Do(call.ClosePeer{Peer: key(2)})
		r.eventually(time.Second, "VP8 stops", func() bool { return r.engine.Stats()["encoders_vp8"] == 0 })
		before := modern.frames.Load()
		time.Sleep(time.Second)
		assert.Greater(t, modern.frames.Load(), before+15, "the other peer goes on")
		modern.close()
		safari.close()
	})
}

func TestStormOfKeyFrameRequestsIsLimited(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(time.Second)
		forced, keys := r.engine.Stats()["keyframes_forced"], p.keyFrames.Load()
		p.pli()
		time.Sleep(100 * time.Millisecond)
		assert.EqualValues(t, forced+1, r.engine.Stats()["keyframes_forced"], "one request is served at once")
		for range 300 { // 3 s
			p.pli()
			time.Sleep(10 * time.Millisecond)
		}
		got := r.engine.Stats()["keyframes_forced"] - forced
		assert.InDelta(t, 10, got, 2, "one each 300 ms")
		time.Sleep(time.Second)
		assert.InDelta(t, got, p.keyFrames.Load()-keys, 2, "the peer got them")
		p.close()
	})
}

func TestMuteIsPerSession(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		a, b := r.newRemote(codecH264), r.newRemote(codecH264)
		other := call.PeerKey{Session: "other", User: 2}
		r.callOut(openVideo(1, r.stream("s")), a)
		r.callOut(call.OpenPeer{Peer: other, CallType: call.Video, Stream: r.stream("other")}, b)
		time.Sleep(500 * time.Millisecond)

		r.engine.Do(call.SetMuted{Session: "s", Kind: call.KindAudio, Muted: true})
		r.engine.Do(call.SetMuted{Session: "s", Kind: call.KindVideo, Muted: true})
		time.Sleep(500 * time.Millisecond)
		loud, frames, packets, loudB, framesB := a.loud.Load(), a.frames.Load(), a.audio.Load(), b.loud.Load(), b.frames.Load()
		time.Sleep(time.Second)
		assert.Equal(t, loud, a.loud.Load(), "silence")
		assert.Equal(t, frames, a.frames.Load(), "no picture")
		assert.Greater(t, a.audio.Load(), packets+40, "silence is sent, so that the path stays alive")
		assert.Greater(t, b.loud.Load(), loudB+40, "the other session hears")
		assert.Greater(t, b.frames.Load(), framesB+15, "the other session sees")

		keys := a.keyFrames.Load()
		r.engine.Do(call.SetMuted{Session: "s", Kind: call.KindAudio})
		r.engine.Do(call.SetMuted{Session: "s", Kind: call.KindVideo})
		time.Sleep(time.Second)
		assert.Greater(t, a.loud.Load(), loud+30)
		assert.Greater(t, a.frames.Load(), frames+10)
		assert.Greater(t, a.keyFrames.Load(), keys, "the picture comes back with a key frame")
		a.close()
		b.close()
	})
}

func TestMutedFromTheStart(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s, err := r.engine.GetUserMedia(r.t.Context(), "s", call.MediaParams{Audio: true, Muted: true})
		require.NoError(t, err)
		assert.Equal(t, []call.Kind{call.KindAudio}, s.Kinds())
		p := r.newRemote()
		r.callOut(call.OpenPeer{Peer: key(1), CallType: call.Audio, Stream: s}, p)
		time.Sleep(time.Second)
		assert.Zero(t, p.loud.Load())
		assert.Positive(t, p.audio.Load())
		p.close()
	})
}

func TestClosedStreamSendsNothing(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		keep := r.stream("keep") // the devices stay open
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, s), p)
		time.Sleep(500 * time.Millisecond)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		time.Sleep(200 * time.Millisecond)
		loud, frames := p.loud.Load(), p.frames.Load()
		time.Sleep(time.Second)
		assert.Equal(t, loud, p.loud.Load())
		assert.Equal(t, frames, p.frames.Load())
		assert.True(t, r.camera.isOpen.Load())
		require.NoError(t, keep.Close())
		r.eventually(time.Second, "the camera closes with its last user", func() bool { return !r.camera.isOpen.Load() })
		p.close()
	})
}

func TestBandwidthLimitsTheSharedEncoder(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		limited := openVideo(1, s)
		limited.Bandwidth = 100
		p := r.newRemote(codecH264)
		r.callOut(limited, p)
		offer, _ := find(r, descriptionOf(key(1)))
		_, video, _ := strings.Cut(offer.SDP, "m=video")
		assert.Contains(t, video, "b=AS:100\r\n")
		src := s.(*localStream).source(codecH264)
		bitrate := func() int {
			src.control.mu.Lock()
			defer src.control.mu.Unlock()
			return src.control.bitrate
		}
		assert.Equal(t, 100000, bitrate())
		r.engine.Do(call.ClosePeer{Peer: key(1)})
		r.eventually(time.Second, "the limit goes with the peer", func() bool { return bitrate() == 300000 })
		p.close()
	})
}

// accessUnit is a picture encoded by the camera.
type accessUnit struct {
	codec   string
	payload []byte
	key     bool
	asked   *atomic.Int32
}

func (a accessUnit) ColorModel() color.Model { return color.YCbCrModel }
func (a accessUnit) Bounds() image.Rectangle { return image.Rect(0, 0, testWidth, testHeight) }
func (a accessUnit) At(int, int) color.Color { return color.Black }
func (a accessUnit) Codec() string           { return a.codec }
func (a accessUnit) Payload() []byte         { return a.payload }
func (a accessUnit) KeyFrame() bool          { return a.key }
func (a accessUnit) ForceKeyFrame() error    { a.asked.Add(1); return nil }

// encodingCamera yields H.264, a key frame each second or when asked.
func encodingCamera(asked *atomic.Int32) func(int) image.Image {
	var last int32
	return func(n int) image.Image {
		au := accessUnit{codec: "H264", payload: []byte{0, 0, 0, 1, 0x41, byte(n), 2, 3}, asked: asked}
		if now := asked.Load(); n%testFPS == 1 || now != last {
			last, au.key = now, true
			au.payload = []byte{0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 1, 2, 0, 0, 0, 1, 0x65, byte(n)}
		}
		return au
	}
}

func TestEncodingCameraPassesThrough(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		var asked atomic.Int32
		r.camera.next = encodingCamera(&asked)
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(520 * time.Millisecond)
		assert.Greater(t, p.frames.Load(), int64(10))
		assert.True(t, startsKeyFrame(p.firstPacket.Load(), webrtc.MimeTypeH264))
		assert.Positive(t, asked.Load(), "the camera is asked for a key frame when a peer connects")
		before := asked.Load()
		p.pli()
		time.Sleep(100 * time.Millisecond)
		assert.Greater(t, asked.Load(), before)
		p.close()
	})
}

func TestEncodingCameraShowsNothingToVP8Peers(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.camera.next = encodingCamera(new(atomic.Int32))
		p := r.newRemote(codecVP8)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(time.Second)
		assert.Zero(t, p.frames.Load())
		assert.Greater(t, p.loud.Load(), int64(30), "but they hear")
		p.close()
	})
}
