package pipeline

import (
	"context"
	"image"
	"log/slog"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// keyCounter notes how often a key frame was asked for.
type keyCounter int

func (k *keyCounter) ForceKeyFrame() error { *k++; return nil }
func (k *keyCounter) SetBitRate(int) error { return nil }

// watched is a watcher whose decoder is simulated: it understands only what
// v4l2test.JPEG makes, whatever its format is called.
func watched(t *testing.T, dec *v4l2test.Device) (*watcher, *keyCounter, *v4l2test.System) {
	sys := v4l2test.New()
	sys.Plug("/dev/video10", dec)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s := &Stream{ctx: ctx, cfg: Config{
		Sys: sys, Counters: new(Counters), Log: slog.New(slog.DiscardHandler),
		Route: plan.Route{Kind: plan.Passthrough, Width: 1280, Height: 720, FPS: 10, Watcher: plan.Node{Path: "/dev/video10"}},
	}}
	keys := new(keyCounter)
	return &watcher{stream: s, keys: keys}, keys, sys
}

func h264Decoder() *v4l2test.Device {
	return v4l2test.NewDecoder(v4l2test.CodecConfig{Coded: v4l2.H264})
}

func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, keys, sys := watched(t, h264Decoder())
		at := time.Second
		see := func(n byte, key bool) *image.YCbCr {
			raw := w.see(v4l2test.JPEG(n), key, at)
			time.Sleep(100 * time.Millisecond)
			at += 100 * time.Millisecond
			return raw
		}
		if see(1, true) != nil || w.dec != nil {
			t.Error("decodes although nobody wants it")
		}
		w.stream.demand.ask(time.Now())
		if see(2, false) != nil || see(3, false) != nil || *keys != 1 {
			t.Errorf("decodes before a key frame, %d asked for", *keys)
		}
		see(40, true)
		if raw := see(41, false); raw == nil || raw.Rect != image.Rect(0, 0, 640, 360) || raw.Y[0] != 40 {
			t.Errorf("raw picture %v", raw)
		}
		time.Sleep(demandFor)
		if see(5, false) != nil || w.dec != nil {
			t.Error("decodes although nobody wants it any more")
		}
		if err := sys.Left(); err != nil {
			t.Error(err)
		}
	})
}

// TestWatcherGivesUp: a decoder that failed is closed, for other programs.
func TestWatcherGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dec := h264Decoder()
		w, _, sys := watched(t, dec)
		w.stream.demand.ask(time.Now())
		w.see(v4l2test.JPEG(1), true, time.Second)
		dec.Fail(uapi.VIDIOC_DQBUF, syscall.EIO, 0)
		for i := range 10 {
			time.Sleep(100 * time.Millisecond)
			w.stream.demand.ask(time.Now())
			w.see(v4l2test.JPEG(2), false, 2*time.Second+time.Duration(i)*100*time.Millisecond)
		}
		if !w.givenUp || w.see(v4l2test.JPEG(3), true, time.Minute) != nil {
			t.Error("goes on with a broken decoder")
		}
		if err := sys.Left(); err != nil {
			t.Error(err)
		}
	})
}
