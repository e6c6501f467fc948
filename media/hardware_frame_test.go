package media

import (
	"bytes"
	"errors"
	"image"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hardware imitates an H.264 encoder behind a camera: controls act on the
// frames that follow, and raw pictures come only after somebody asked.
type hardware struct {
	rawSize image.Point // of raw pictures; zero is none

	mu       sync.Mutex
	forced   int
	bitrates []int
	rawAsked time.Time // last
	rawCount int
	keyNext  bool
	refuse   error                // of the controls
	dropped  func(frame int) bool // left out by the encoder
}

func (h *hardware) frame(n int) image.Image {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &hardwareFrame{accessUnit: accessUnit{codec: "H264"}, hw: h}
	if h.dropped != nil && h.dropped(n) {
		return f
	}
	f.payload = []byte{0, 0, 0, 1, 0x41, byte(n), 2, 3}
	if h.keyNext {
		h.keyNext, f.key = false, true
		f.payload = []byte{0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 1, 2, 0, 0, 0, 1, 0x65, byte(n)}
	}
	if h.rawSize != (image.Point{}) && time.Since(h.rawAsked) < 2*time.Second {
		h.rawCount++
		raw := image.NewYCbCr(image.Rectangle{Max: h.rawSize}, image.YCbCrSubsampleRatio420)
		for i := range raw.Y {
			raw.Y[i] = byte(i%h.rawSize.X/8 + n)
		}
		f.raw = raw
	}
	return f
}

// numbers are what was done to the encoder so far.
func (h *hardware) numbers() (forced int, bitrates []int, raw int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.forced, append([]int(nil), h.bitrates...), h.rawCount
}

type hardwareFrame struct {
	accessUnit
	raw image.Image
	hw  *hardware
}

func (f *hardwareFrame) ForceKeyFrame() error {
	f.hw.mu.Lock()
	defer f.hw.mu.Unlock()
	f.hw.forced++
	f.hw.keyNext = f.hw.refuse == nil
	return f.hw.refuse
}

func (f *hardwareFrame) SetBitRate(bps int) error {
	f.hw.mu.Lock()
	defer f.hw.mu.Unlock()
	f.hw.bitrates = append(f.hw.bitrates, bps)
	return f.hw.refuse
}

func (f *hardwareFrame) Raw() image.Image {
	f.hw.mu.Lock()
	defer f.hw.mu.Unlock()
	f.hw.rawAsked = time.Now()
	return f.raw
}

func withHardware(t *testing.T, h *hardware, f func(*rig)) {
	inBubble(t, nil, func(r *rig) {
		r.camera.next = h.frame
		f(r)
	})
}

func TestWishesReachTheHardwareEncoder(t *testing.T) {
	h := &hardware{}
	withHardware(t, h, func(r *rig) {
		s := r.stream("s")
		free, limited := r.newRemote(codecH264), r.newRemote(codecH264)
		r.callOut(openVideo(1, s), free)
		time.Sleep(500 * time.Millisecond)
		forced, bitrates, _ := h.numbers()
		assert.Positive(t, forced, "a peer that connects needs a key frame")
		assert.Equal(t, []int{300000}, bitrates)
		assert.True(t, startsKeyFrame(free.firstPacket.Load(), webrtc.MimeTypeH264))

		open := openVideo(2, s)
		open.Bandwidth = 100
		r.callOut(open, limited)
		time.Sleep(500 * time.Millisecond)
		_, bitrates, _ = h.numbers()
		assert.Equal(t, []int{300000, 100000}, bitrates)
		r.engine.Do(call.ClosePeer{Peer: key(2)})
		time.Sleep(500 * time.Millisecond)
		_, bitrates, _ = h.numbers()
		assert.Equal(t, []int{300000, 100000, 300000}, bitrates)

		before, _, _ := h.numbers()
		for range 100 { // 1 s
			free.pli()
			time.Sleep(10 * time.Millisecond)
		}
		after, _, _ := h.numbers()
		assert.InDelta(t, 4, after-before, 1, "one each 300 ms")
		free.close()
		limited.close()
	})
}

func TestHardwareThatRefusesItsControlsStillSends(t *testing.T) {
	h := &hardware{refuse: errors.New("no such control"), keyNext: true}
	withHardware(t, h, func(r *rig) {
		r.camera.next = func(n int) image.Image { // a key frame each second
			h.mu.Lock()
			h.keyNext = h.keyNext || n%testFPS == 0
			h.mu.Unlock()
			return h.frame(n)
		}
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(3 * time.Second)
		assert.Greater(t, p.frames.Load(), int64(2*testFPS))
		assert.EqualValues(t, 1, r.engine.Stats()["encoders_h264_started"])
		p.close()
	})
}

func TestRefusalsAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	h := &hardware{refuse: errors.New("no such control")}
	b := &videoBuilder{
		name: codecH264, control: &control{}, counters: newCounters(), log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	frames := video.ReaderFunc(func() (image.Image, func(), error) { return h.frame(1), func() {}, nil })
	p := newPassThrough(b, frames, h.frame(0).(EncodedFrame))
	for i := range 5 {
		b.control.wantKeyFrame(true)
		b.control.wantBitrate(100000 + i)
		_, _, err := p.Read()
		require.NoError(t, err)
	}
	forced, bitrates, _ := h.numbers()
	assert.Equal(t, 5, forced, "each wish is passed on")
	assert.Len(t, bitrates, 5)
	assert.Equal(t, 2, strings.Count(log.String(), "no such control"), log.String())
}

func TestFramesThatTheHardwareDropsAreNoError(t *testing.T) {
	h := &hardware{dropped: func(n int) bool { return n%3 == 0 }}
	withHardware(t, h, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(500 * time.Millisecond)
		before := p.frames.Load()
		time.Sleep(3 * time.Second)
		assert.InDelta(t, 2*testFPS, p.frames.Load()-before, 3, "two of three")
		assert.EqualValues(t, 1, r.engine.Stats()["encoders_h264_started"])
		p.close()
	})
}

func TestVP8IsMadeFromRawPicturesWhileSomebodyNeedsIt(t *testing.T) {
	h := &hardware{rawSize: image.Pt(1280, 960)}
	withHardware(t, h, func(r *rig) {
		s := r.stream("s")
		modern, safari := r.newRemote(codecH264), r.newRemote(codecVP8)
		r.callOut(openVideo(1, s), modern)
		time.Sleep(time.Second)
		_, _, raw := h.numbers()
		assert.Zero(t, raw, "nobody needs raw pictures yet")

		r.callOut(openVideo(2, s), safari)
		time.Sleep(2 * time.Second)
		assert.Greater(t, safari.frames.Load(), int64(testFPS))
		assert.True(t, startsKeyFrame(safari.firstPacket.Load(), webrtc.MimeTypeVP8))
		builder := s.(*localStream).source(codecVP8).builder
		assert.EqualValues(t, 640, builder.width.Load())
		assert.EqualValues(t, 480, builder.height.Load())

		r.engine.Do(call.ClosePeer{Peer: key(2)})
		r.eventually(time.Second, "VP8 stops", func() bool { return r.engine.Stats()["encoders_vp8"] == 0 })
		time.Sleep(3 * time.Second)
		_, _, raw = h.numbers()
		frames := modern.frames.Load()
		time.Sleep(time.Second)
		_, _, later := h.numbers()
		assert.Equal(t, raw, later, "nobody asks any more")
		assert.Greater(t, modern.frames.Load(), frames+20)
		modern.close()
		safari.close()
	})
}

func TestHardwareWithoutRawPicturesShowsNothingToVP8Peers(t *testing.T) {
	h := &hardware{}
	withHardware(t, h, func(r *rig) {
		s := r.stream("s")
		modern, safari := r.newRemote(codecH264), r.newRemote(codecVP8)
		r.callOut(openVideo(1, s), modern)
		r.callOut(openVideo(2, s), safari)
		time.Sleep(5 * time.Second)
		assert.Zero(t, safari.frames.Load())
		assert.Greater(t, safari.loud.Load(), int64(100), "but they hear")
		assert.Greater(t, modern.frames.Load(), int64(4*testFPS), "and the others see")
		modern.close()
		safari.close()
	})
}

func TestReturnOfTheCameraBeginsWithAKeyFrame(t *testing.T) {
	h := &hardware{}
	withHardware(t, h, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(time.Second)
		require.NoError(t, r.camera.Close())
		time.Sleep(20 * time.Millisecond)
		frames, keys := p.frames.Load(), p.keyFrames.Load()
		_, before, _ := h.numbers()
		r.eventually(time.Second, "a picture", func() bool { return p.frames.Load() > frames })
		assert.Equal(t, keys+1, p.keyFrames.Load(), "the first one sent is a key frame")
		_, after, _ := h.numbers()
		assert.Equal(t, append(before, 300000), after, "the new encoder is told its bitrate")
		p.close()
	})
}

func TestReduction(t *testing.T) {
	for _, tc := range []struct {
		in    image.Point
		scale int
		out   image.Point
	}{
		{image.Pt(640, 480), 1, image.Pt(640, 480)},
		{image.Pt(128, 96), 1, image.Pt(128, 96)},
		{image.Pt(1280, 720), 2, image.Pt(640, 360)},
		{image.Pt(1920, 1080), 3, image.Pt(640, 360)},
		{image.Pt(1296, 972), 3, image.Pt(432, 324)},
		{image.Pt(1002, 1002), 2, image.Pt(500, 500)},
	} {
		scale := reduction(tc.in)
		assert.Equal(t, tc.scale, scale, "%v", tc.in)
		assert.Equal(t, tc.out, reduced(tc.in, scale), "%v", tc.in)
	}
	assert.InDelta(t, 1, share(image.Pt(640, 360), image.Pt(640, 360)), 1e-9)
	assert.InDelta(t, 0.35, share(image.Pt(640, 360), image.Pt(1280, 720)), 0.01)
	assert.InDelta(t, 1, share(image.Pt(640, 360), image.Pt(0, 0)), 1e-9)
}

func TestReducerTakesMeans(t *testing.T) {
	in := image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420)
	for i := range in.Y {
		in.Y[i] = byte(10 * (i / in.YStride)) // each row brighter
	}
	for i := range in.Cb {
		in.Cb[i], in.Cr[i] = byte(i%in.CStride), 200
	}
	part, ok := in.SubImage(image.Rect(0, 2, 8, 8)).(*image.YCbCr) // as from a padded buffer
	require.True(t, ok)
	out, _, err := (&reducer{source: &feeder{frame: part}, scale: 2}).Read()
	require.NoError(t, err)
	got := out.(*image.YCbCr)
	require.Equal(t, image.Pt(4, 2), got.Rect.Size())
	assert.Equal(t, []byte{25, 25, 25, 25, 45, 45, 45, 45}, got.Y, "rows 2+3 and 4+5")
	assert.Equal(t, []byte{1, 3}, got.Cb, "columns 0+1 and 2+3, rounded up")
	assert.Equal(t, []byte{200, 200}, got.Cr)
	_, _, err = (&reducer{source: &feeder{frame: image.NewGray(image.Rect(0, 0, 8, 8))}, scale: 2}).Read()
	assert.ErrorContains(t, err, "not 4:2:0")
}

// A stream that is joined in the middle, as after a camera's return, begins by
// asking for a key frame: nothing before it can be decoded.
func TestPassThroughAsksForAKeyFrame(t *testing.T) {
	hw := &hardware{}
	first, ok := hw.frame(1).(*hardwareFrame)
	require.True(t, ok)
	require.False(t, first.KeyFrame())
	b := &videoBuilder{name: codecH264, fps: 30, control: &control{}, counters: &counters{}, log: slog.New(slog.DiscardHandler)}
	_, _, err := newPassThrough(b, nil, first).Read()
	require.NoError(t, err)
	hw.mu.Lock()
	defer hw.mu.Unlock()
	assert.Equal(t, 1, hw.forced)
}
