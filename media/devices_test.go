package media

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDevicesAreSharedAndCounted(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		state, err := r.engine.CameraState()
		assert.Equal(t, "idle", state)
		assert.NoError(t, err)
		a, b := r.stream("a"), r.stream("b")
		assert.NotEqual(t, a.ID(), b.ID())
		assert.Equal(t, []call.Kind{call.KindAudio, call.KindVideo}, a.Kinds())
		state, _ = r.engine.CameraState()
		assert.Equal(t, "open", state)
		state, _ = r.engine.AudioState()
		assert.Equal(t, "open", state)
		opens := r.camera.opens.Load()
		require.NoError(t, a.Close())
		require.NoError(t, a.Close())
		time.Sleep(time.Second)
		assert.True(t, r.camera.isOpen.Load(), "b still uses it")
		require.NoError(t, b.Close())
		r.eventually(time.Second, "closed", func() bool { return !r.camera.isOpen.Load() && !r.mic.isOpen.Load() })
		assert.Equal(t, opens, r.camera.opens.Load())
		state, _ = r.engine.CameraState()
		assert.Equal(t, "idle", state)
	})
}

func TestOpenErrorsNameDeviceAndReason(t *testing.T) {
	label := "TestOpenErrorsNameDeviceAndReason/"
	for name, tc := range map[string]struct {
		change func(*Config)
		camera error
		mic    error
		params call.MediaParams
		want   string
	}{
		"camera fails": {
			camera: errors.New("no such file"), params: call.MediaParams{Audio: true, Video: true},
			want: `open camera "` + label + `camera_fails/camera": no such file`,
		},
		"microphone fails": {
			mic: errors.New("busy"), params: call.MediaParams{Audio: true, Video: true},
			want: `open microphone "` + label + `microphone_fails/microphone": busy`,
		},
		"no camera": {
			change: func(c *Config) { c.VideoDevice = "" }, params: call.MediaParams{Video: true},
			want: "open camera: none is configured",
		},
		"camera never registered": {
			change: func(c *Config) { c.VideoDevice = "nowhere" }, params: call.MediaParams{Video: true},
			want: `open camera "nowhere": no such device`,
		},
		"nothing asked for": {want: "get user media: neither audio nor video is asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, tc.change, func(r *rig) {
				r.camera.failWith(tc.camera)
				r.mic.failWith(tc.mic)
				s, err := r.engine.GetUserMedia(r.t.Context(), "s", tc.params)
				assert.Nil(t, s)
				assert.EqualError(t, err, tc.want)
				synctest.Wait()
				assert.False(t, r.camera.isOpen.Load(), "nothing stays open")
				if tc.camera != nil {
					state, err := r.engine.CameraState()
					assert.Equal(t, "missing", state)
					assert.ErrorContains(t, err, "no such file")
				}
			})
		})
	}
}

func TestSoundWorksWithoutTheCamera(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.camera.failWith(errors.New("unplugged"))
		_, err := r.engine.GetUserMedia(r.t.Context(), "s", call.MediaParams{Audio: true, Video: true})
		require.Error(t, err)
		s, err := r.engine.GetUserMedia(r.t.Context(), "s", call.MediaParams{Audio: true})
		require.NoError(t, err)
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, s), p)
		time.Sleep(time.Second)
		assert.Greater(t, p.loud.Load(), int64(30))
		p.close()
	})
}

func TestGetUserMediaGivesUpWithItsContext(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		ctx, cancel := context.WithCancel(r.t.Context())
		cancel()
		_, err := r.engine.GetUserMedia(ctx, "s", call.MediaParams{Audio: true})
		assert.ErrorIs(t, err, context.Canceled)
		time.Sleep(time.Second)
		assert.False(t, r.mic.isOpen.Load())
	})
}

func TestGetUserMediaAfterRun(t *testing.T) {
	e, err := NewEngine(Config{}, testLog())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, e.Run(ctx, func(call.MediaEvent) {}))
	_, err = e.GetUserMedia(t.Context(), "s", call.MediaParams{Audio: true})
	assert.ErrorIs(t, err, errNotRunning)
	e.Do(call.OpenPeer{Peer: key(1)})
	assert.Zero(t, e.Stats()["peers"])
}

// told notes what Config.OnDevice is told.
type told struct {
	mu    sync.Mutex
	lines []string
}

func (n *told) note(kind call.Kind, state string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line := string(kind) + " " + state
	if err != nil {
		line += ": " + err.Error()
	}
	n.lines = append(n.lines, line)
}

func (n *told) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

func TestLostCameraComesBackDuringTheCall(t *testing.T) {
	var news told
	inBubble(t, func(c *Config) { c.OnDevice = news.note }, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(500 * time.Millisecond)
		assert.Empty(t, news.all())
		r.camera.failWith(errors.New("unplugged"))
		require.NoError(t, r.camera.Close()) // the cable is pulled
		r.eventually(2*time.Second, "missing", func() bool {
			state, err := r.engine.CameraState()
			return state == "missing" && err != nil
		})
		frames, loud := p.frames.Load(), p.loud.Load()
		time.Sleep(30 * time.Second)
		assert.Equal(t, frames, p.frames.Load())
		assert.Greater(t, p.loud.Load(), loud+1400, "sound goes on")
		assert.Equal(t, []string{"video lost: EOF"}, news.all(), "told once")

		r.camera.failWith(nil)
		keys := p.keyFrames.Load()
		began := time.Now()
		r.eventually(6*time.Second, "the picture is back", func() bool { return p.frames.Load() > frames })
		assert.LessOrEqual(t, time.Since(began), 1300*time.Millisecond, "however long it was away")
		assert.Greater(t, p.keyFrames.Load(), keys, "it begins with a key frame")
		state, err := r.engine.CameraState()
		assert.Equal(t, "open", state)
		assert.NoError(t, err)
		assert.Equal(t, []string{"video lost: EOF", "video back"}, news.all())
		p.close()
	})
}

// TestFlappingCameraIsNotPunished has a camera that is lost every few seconds:
// each time the picture is back as fast as the first.
func TestFlappingCameraIsNotPunished(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		for range 10 {
			time.Sleep(time.Second)
			require.NoError(t, r.camera.Close())
			time.Sleep(20 * time.Millisecond)
			frames := p.frames.Load()
			began := time.Now()
			r.eventually(time.Second, "the picture is back", func() bool { return p.frames.Load() > frames })
			assert.LessOrEqual(t, time.Since(began), 300*time.Millisecond)
		}
		p.close()
	})
}

// deadCamera opens and, while it is dead, yields nothing but an error.
type deadCamera struct {
	fakeCamera
	dead atomic.Bool
}

func (c *deadCamera) VideoRecord(p prop.Media) (video.Reader, error) {
	r, err := c.fakeCamera.VideoRecord(p)
	return video.ReaderFunc(func() (image.Image, func(), error) {
		if c.dead.Load() {
			return nil, func() {}, errors.New("input/output error")
		}
		return r.Read()
	}), err
}

// TestDeadCameraMakesNoStorm has a camera that opens and fails at once, again
// and again: peers hear of it once, and it is opened once a second.
func TestDeadCameraMakesNoStorm(t *testing.T) {
	var news told
	camera := &deadCamera{}
	label := register(t, camera, "dead camera")
	inBubble(t, func(c *Config) { c.VideoDevice, c.OnDevice = label, news.note }, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(time.Second)
		opens := camera.opens.Load()
		camera.dead.Store(true)
		time.Sleep(30 * time.Second)
		assert.InDelta(t, 2*32, camera.opens.Load()-opens, 6, "mediadevices opens it twice each time")
		assert.Equal(t, []string{"video lost: input/output error"}, news.all())
		camera.dead.Store(false)
		time.Sleep(2 * time.Second)
		assert.Equal(t, []string{"video lost: input/output error", "video back"}, news.all())
		p.close()
	})
}

func TestNobodyIsToldOfADeviceThatWasClosed(t *testing.T) {
	var news told
	inBubble(t, func(c *Config) { c.OnDevice = news.note }, func(r *rig) {
		s := r.stream("s")
		time.Sleep(time.Second)
		require.NoError(t, s.Close())
		time.Sleep(time.Second)
		assert.Empty(t, news.all())
	})
}

func TestAppendMono(t *testing.T) {
	stereo := wave.NewInt16Interleaved(wave.ChunkInfo{Len: 2, Channels: 2, SamplingRate: 48000})
	copy(stereo.Data, []int16{100, 300, -100, -300})
	float := wave.NewFloat32Interleaved(wave.ChunkInfo{Len: 1, Channels: 1, SamplingRate: 48000})
	mono := wave.NewInt16Interleaved(wave.ChunkInfo{Len: 2, Channels: 1, SamplingRate: 48000})
	copy(mono.Data, []int16{5, -5})
	pcm, err := appendMono(nil, stereo)
	require.NoError(t, err)
	pcm, err = appendMono(pcm, float)
	require.NoError(t, err)
	pcm, err = appendMono(pcm, mono)
	require.NoError(t, err)
	assert.Equal(t, []int16{200, -200, 0, 5, -5}, pcm)
	_, err = appendMono(nil, wave.NewInt16Interleaved(wave.ChunkInfo{Len: 1, Channels: 1, SamplingRate: 8000}))
	assert.ErrorContains(t, err, "8000 samples a second instead of 48000")
}

// stuckCamera does not come back from Open until it is let go.
type stuckCamera struct {
	fakeCamera
	letGo chan struct{}
}

func (c *stuckCamera) Open() error {
	<-c.letGo
	return c.fakeCamera.Open()
}

// TestStuckCameraHoldsUpNothingElse has a camera that hangs while it is opened:
// who asks for it gives up with the context, or at once after somebody did,
// and sound works meanwhile. When it comes back nobody wants it, so it closes.
func TestStuckCameraHoldsUpNothingElse(t *testing.T) {
	camera := &stuckCamera{}
	label := register(t, camera, "stuck camera")
	inBubble(t, func(c *Config) { c.VideoDevice = label }, func(r *rig) {
		camera.letGo = make(chan struct{})
		ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
		defer cancel()
		_, err := r.engine.GetUserMedia(ctx, "s", call.MediaParams{Audio: true, Video: true})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "camera")

		began := time.Now()
		_, err = r.engine.GetUserMedia(r.t.Context(), "s", call.MediaParams{Video: true})
		require.ErrorContains(t, err, "camera")
		s, err := r.engine.GetUserMedia(r.t.Context(), "s", call.MediaParams{Audio: true})
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
		state, err := r.engine.CameraState()
		assert.Equal(t, "missing", state)
		assert.ErrorContains(t, err, "does not answer")

		close(camera.letGo)
		r.eventually(time.Second, "it closes", func() bool { return camera.opens.Load() > 0 && !camera.isOpen.Load() })
		require.NoError(t, s.Close())
		both := r.stream("s")
		require.NoError(t, both.Close())
	})
}

func TestErrorsNameADeviceOnce(t *testing.T) {
	for text, want := range map[string]string{
		"no such file":                           `open camera "x": no such file`,
		`open camera "x": no such file`:          `open camera "x": no such file`,
		`open camera "x" failed: no such device`: `open camera "x": open camera "x" failed: no such device`,
	} {
		cause := errors.New(text)
		if got := named(`open camera "x"`, cause); got.Error() != want || !errors.Is(got, cause) {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
