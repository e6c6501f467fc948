package media

import (
	"context"
	"fmt"
	"image"
	"io"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/ice/v4"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testLog writes where INTERCOMD_TEST_LOG says, or nowhere.
func testLog() *slog.Logger {
	if os.Getenv("INTERCOMD_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

const (
	testWidth, testHeight = 128, 96
	testFPS               = 25
	toneHz                = 440
)

// fakeDevice is a camera or a microphone that yields on a ticker, and honours
// the contract of drivers: Close ends a pending read.
type fakeDevice struct {
	mu      sync.Mutex
	closed  chan struct{}
	openErr error
	opens   atomic.Int32
	isOpen  atomic.Bool
}

func (d *fakeDevice) Open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.openErr != nil {
		return d.openErr
	}
	d.opens.Add(1)
	d.isOpen.Store(true)
	d.closed = make(chan struct{})
	return nil
}

func (d *fakeDevice) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isOpen.Swap(false) {
		close(d.closed)
	}
	return nil
}

func (d *fakeDevice) failWith(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.openErr = err
}

func (d *fakeDevice) done() chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// fakeCamera yields a moving picture, or what next makes.
type fakeCamera struct {
	fakeDevice
	next func(n int) image.Image
}

func (c *fakeCamera) Properties() []prop.Media {
	return []prop.Media{{Video: prop.Video{
		Width: testWidth, Height: testHeight, FrameRate: testFPS, FrameFormat: frame.FormatI420,
	}}}
}

func (c *fakeCamera) VideoRecord(prop.Media) (video.Reader, error) {
	ticker := time.NewTicker(time.Second / testFPS)
	done := c.done()
	n := 0
	return video.ReaderFunc(func() (image.Image, func(), error) {
		select {
		case <-ticker.C:
		case <-done:
			ticker.Stop()
			return nil, func() {}, io.EOF
		}
		n++
		if c.next != nil {
			return c.next(n), func() {}, nil
		}
		return movingPicture(n), func() {}, nil
	}), nil
}

func movingPicture(n int) image.Image {
	img := image.NewYCbCr(image.Rect(0, 0, testWidth, testHeight), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i + 3*n)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 90, 180
	}
	return img
}

// fakeMicrophone yields a tone.
type fakeMicrophone struct{ fakeDevice }

func (m *fakeMicrophone) Properties() []prop.Media {
	return []prop.Media{{Audio: prop.Audio{
		SampleRate: 48000, ChannelCount: 1, Latency: frameDuration, SampleSize: 2, IsInterleaved: true,
	}}}
}

func (m *fakeMicrophone) AudioRecord(prop.Media) (audio.Reader, error) {
	ticker := time.NewTicker(frameDuration)
	done := m.done()
	n := 0
	return audio.ReaderFunc(func() (wave.Audio, func(), error) {
		select {
		case <-ticker.C:
		case <-done:
			ticker.Stop()
			return nil, func() {}, io.EOF
		}
		chunk := wave.NewInt16Interleaved(wave.ChunkInfo{Len: 960, Channels: 1, SamplingRate: 48000})
		for i := range chunk.Data {
			chunk.Data[i] = int16(12000 * math.Sin(2*math.Pi*toneHz*float64(n)/48000))
			n++
		}
		return chunk, func() {}, nil
	}), nil
}

// register adds a driver under a label nobody else has, until the test ends.
func register(t *testing.T, a driver.Adapter, kind driver.DeviceType) (label string) {
	t.Helper()
	label = fmt.Sprintf("%s/%s", t.Name(), kind)
	manager := driver.GetManager()
	require.NoError(t, manager.Register(a, driver.Info{Label: label, DeviceType: kind}))
	t.Cleanup(func() {
		for _, d := range manager.Query(func(d driver.Driver) bool { return d.Info().Label == label }) {
			manager.Delete(d.ID())
		}
	})
	return label
}

// heard is a PCMSink that keeps the last second.
type heard struct {
	mu      sync.Mutex
	samples []int16
	writes  int
}

func (h *heard) WritePCM(pcm []int16) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writes++
	h.samples = append(h.samples, pcm...)
	h.samples = h.samples[max(0, len(h.samples)-48000):]
	return nil
}

func (h *heard) last() ([]int16, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]int16(nil), h.samples...), h.writes
}

// rig is an engine with a camera and a microphone on a virtual network, inside
// a synctest bubble.
type rig struct {
	t      *testing.T
	router *vnet.Router
	cut    atomic.Bool // nothing gets through
	nextIP int
	camera *fakeCamera
	mic    *fakeMicrophone
	ears   *heard
	engine *Engine

	mu     sync.Mutex
	events []call.MediaEvent
}

// inBubble runs f with a running engine; afterwards nothing may be left
// running or open.
func inBubble(t *testing.T, change func(*Config), f func(*rig)) {
	t.Helper()
	r := &rig{t: t, camera: &fakeCamera{}, mic: &fakeMicrophone{}, ears: &heard{}}
	cfg := Config{
		VideoDevice: register(t, r.camera, driver.Camera),
		AudioDevice: register(t, r.mic, driver.Microphone),
		Width:       testWidth, Height: testHeight, FPS: testFPS, Bitrate: 300000,
	}
	synctest.Test(t, func(t *testing.T) {
		r.t = t
		router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.1.0.0/16", LoggerFactory: quietPion()})
		require.NoError(t, err)
		r.router = router
		router.AddChunkFilter(func(vnet.Chunk) bool { return !r.cut.Load() })
		cfg.Speaker = r.ears
		cfg.Net = r.newNet()
		cfg.Settings = func(s *webrtc.SettingEngine) { s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled) }
		if change != nil {
			change(&cfg)
		}
		r.engine, err = NewEngine(cfg, testLog())
		require.NoError(t, err)
		require.NoError(t, router.Start())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.engine.Run(ctx, r.note) }()
		f(r)
		cancel()
		assert.NoError(t, <-ended)
		assert.NoError(t, router.Stop())
		assert.False(t, r.camera.isOpen.Load(), "the camera must be closed when Run has returned")
		assert.False(t, r.mic.isOpen.Load(), "the microphone must be closed when Run has returned")
		assert.Zero(t, r.engine.Stats()["peers"])
	})
}

// newNet is a place on the virtual network with an address of its own.
func (r *rig) newNet() *vnet.Net {
	r.nextIP++
	n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.1.0.%d", r.nextIP)}})
	require.NoError(r.t, err)
	require.NoError(r.t, r.router.AddNet(n))
	return n
}

// place gives a remote party its own address on the virtual network.
func (r *rig) place(s *webrtc.SettingEngine) {
	s.SetNet(r.newNet())
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.LoggerFactory = quietPion()
}

func quietPion() logFactory { return newLogFactory(slog.New(slog.DiscardHandler)) }

func (r *rig) note(e call.MediaEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// wait lets fake time pass until an event of type E satisfies ok, at most
// within.
func wait[E call.MediaEvent](r *rig, within time.Duration, ok func(E) bool) E {
	r.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		synctest.Wait()
		if e, found := find(r, ok); found {
			return e
		}
		if time.Now().After(deadline) {
			var want E
			r.t.Fatalf("no %T within %s; events: %+v", want, within, r.all())
		}
	}
}

func find[E call.MediaEvent](r *rig, ok func(E) bool) (E, bool) {
	for _, e := range r.all() {
		if e, match := e.(E); match && (ok == nil || ok(e)) {
			return e, true
		}
	}
	var none E
	return none, false
}

func (r *rig) all() []call.MediaEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call.MediaEvent(nil), r.events...)
}

// eventually lets fake time pass until ok holds.
func (r *rig) eventually(within time.Duration, why string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %s: %s; stats %v", within, why, r.engine.Stats())
		}
		synctest.Wait()
	}
}

func (r *rig) stream(session call.SessionID) call.LocalStream {
	r.t.Helper()
	s, err := r.engine.GetUserMedia(r.t.Context(), session, call.MediaParams{Audio: true, Video: true})
	require.NoError(r.t, err)
	return s
}

func key(user int) call.PeerKey { return call.PeerKey{Session: "s", User: call.UserID(user)} }

func stateOf(k call.PeerKey, s call.ConnectionState) func(call.PeerState) bool {
	return func(e call.PeerState) bool { return e.Peer == k && e.State == s }
}

func descriptionOf(k call.PeerKey) func(call.LocalDescription) bool {
	return func(e call.LocalDescription) bool { return e.Peer == k }
}

// callOut opens a peer that offers, answered by p.
func (r *rig) callOut(open call.OpenPeer, p *remotePeer) {
	r.t.Helper()
	r.engine.Do(open)
	r.engine.Do(call.CreateOffer{Peer: open.Peer})
	offer := wait(r, time.Second, descriptionOf(open.Peer))
	r.engine.Do(call.ApplyAnswer{Peer: open.Peer, Answer: p.answer(offer.SDP)})
	wait(r, 5*time.Second, stateOf(open.Peer, call.ConnectionConnected))
}
