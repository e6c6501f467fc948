//go:build board

package camera

import (
	"bytes"
	"context"
	"image"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/mediadevices/pkg/io/video"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
)

// These tests run in the virtual board: /dev/video0 is vivid, /dev/video1 an
// M2M encoder with the face of bcm2835-codec.

// boardCamera opens a camera as mediadevices does, and closes it after the test.
func boardCamera(t *testing.T, cfg Config) (*adapter, video.Reader, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	a, err := adapterOn(cfg, localHost())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Open(); err != nil {
		t.Fatal(err)
	}
	r, err := a.VideoRecord(a.Properties()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		t.Log(log.String())
	})
	return a, r, &log
}

func auto(w, h, fps int) Config {
	return Config{Source: "auto", Width: w, Height: h, FPS: fps, Bitrate: 800_000, Counters: new(Counters)}
}

func unit(t *testing.T, r video.Reader) *pipeline.Frame {
	t.Helper()
	img, _, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := img.(*pipeline.Frame)
	if !ok {
		t.Fatalf("Read gave a %T", img)
	}
	return f
}

// TestBoardEncodes: auto finds vivid, and its pictures reach the encoder as
// dma-bufs.
func TestBoardEncodes(t *testing.T) {
	cfg := auto(640, 480, 25)
	_, r, log := boardCamera(t, cfg)
	first := unit(t, r)
	if s, _ := h264.Summarize(first.Payload()); !first.KeyFrame() || !s.IDR || !s.SPS {
		t.Errorf("the first frame is no key frame with SPS: %+v", s)
	}
	if size, err := h264.SizeIn(first.Payload()); err != nil || size != image.Pt(640, 480) {
		t.Errorf("size %v, %v", size, err)
	}
	start := time.Now()
	for range 50 {
		unit(t, r)
	}
	s := cfg.Counters.Stats()
	t.Logf("50 frames in %v: %+v", time.Since(start), s)
	if s.Copies != 0 || s.Imports < 50 {
		t.Errorf("%d copies, %d imports", s.Copies, s.Imports)
	}
	if !strings.Contains(log.String(), "by dma-buf") || strings.Count(log.String(), "camera chosen") != 1 {
		t.Errorf("the log does not tell the route once: %s", log)
	}
}

// TestBoardKeyFrames: a forced key frame comes at once, and unforced ones do
// not.
func TestBoardKeyFrames(t *testing.T) {
	cfg := auto(640, 480, 25)
	_, r, _ := boardCamera(t, cfg)
	f := unit(t, r)
	for range 10 {
		if f = unit(t, r); f.KeyFrame() {
			t.Fatal("a key frame nobody asked for")
		}
	}
	for round := range 3 {
		if err := f.ForceKeyFrame(); err != nil {
			t.Fatal(err)
		}
		waited := 0
		for f = unit(t, r); !f.KeyFrame() && waited < 20; waited++ {
			f = unit(t, r)
		}
		if s, _ := h264.Summarize(f.Payload()); !s.IDR || !s.SPS {
			t.Errorf("round %d: no IDR picture with SPS after %d frames", round, waited)
		}
		t.Logf("round %d: key frame after %d others", round, waited)
		f = unit(t, r)
	}
	if err := f.SetBitRate(300_000); err != nil {
		t.Error(err)
	}
	if s := cfg.Counters.Stats(); s.KeyForced != 3 || s.BitrateChanges != 1 {
		t.Errorf("%+v", s)
	}
}

// TestBoardRaw: raw pictures come while somebody asks, and change.
func TestBoardRaw(t *testing.T) {
	cfg := auto(1280, 720, 12)
	_, r, _ := boardCamera(t, cfg)
	f := unit(t, r)
	if w := f.Bounds().Dx(); w != 1280 {
		t.Fatalf("pictures are %d wide", w)
	}
	sums := map[int]bool{}
	for range 30 {
		f = unit(t, r)
		raw := f.Raw()
		if raw == nil {
			continue
		}
		if raw.Bounds() != image.Rect(0, 0, 640, 360) {
			t.Fatalf("raw picture of %v", raw.Bounds())
		}
		sums[sum(raw.(*image.YCbCr))] = true
	}
	if len(sums) < 10 {
		t.Errorf("%d different raw pictures in 30 frames", len(sums))
	}
	made := cfg.Counters.Stats().Raw
	for start := time.Now(); time.Since(start) < 3*time.Second; {
		f = unit(t, r) // nobody asks any more
	}
	before := cfg.Counters.Stats().Raw
	for range 10 {
		unit(t, r)
	}
	if after := cfg.Counters.Stats().Raw; after != before {
		t.Errorf("raw pictures are still made: %d, %d, %d", made, before, after)
	}
}

func sum(p *image.YCbCr) int {
	n := 0
	for i, v := range p.Y {
		n += int(v) * (i%251 + 1)
	}
	return n
}

// TestBoardCopies: at 640x360 the encoder's lines do not fit the camera's
// buffers.
func TestBoardCopies(t *testing.T) {
	cfg := auto(640, 360, 15)
	_, r, log := boardCamera(t, cfg)
	for range 30 {
		if f := unit(t, r); f.Bounds() != image.Rect(0, 0, 640, 360) {
			t.Fatalf("frame of %v", f.Bounds())
		}
	}
	s := cfg.Counters.Stats()
	if s.Copies < 30 || s.Imports != 0 || !strings.Contains(s.Route, "one copy") || !strings.Contains(log.String(), "are copied") {
		t.Errorf("%+v", s)
	}
}

// TestBoardTurned: flips are the camera's, a quarter turn is ours.
func TestBoardTurned(t *testing.T) {
	cfg := auto(720, 1280, 10)
	cfg.Rotation = 90
	_, r, _ := boardCamera(t, cfg)
	f := unit(t, r)
	if size, err := h264.SizeIn(f.Payload()); err != nil || size != image.Pt(720, 1280) {
		t.Errorf("size %v, %v", size, err)
	}
	for range 5 {
		unit(t, r)
	}
	if s := cfg.Counters.Stats(); s.Copies < 10 { // one to turn it, one into the encoder
		t.Errorf("%+v", s)
	}
}

// TestBoardFallback: the board's encoder refuses narrow pictures, which go on
// raw.
func TestBoardFallback(t *testing.T) {
	cfg := auto(480, 640, 10)
	cfg.Rotation = 90
	_, r, log := boardCamera(t, cfg)
	img, _, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := img.(*image.YCbCr); !ok || p.Rect != image.Rect(0, 0, 480, 640) {
		t.Errorf("picture is a %T of %v", img, img.Bounds())
	}
	if s := cfg.Counters.Stats(); s.Fallbacks == 0 || !strings.Contains(log.String(), "does not start") {
		t.Errorf("%+v, %s", s, log)
	}
}

// TestBoardReopens: opening and closing leaves nothing behind.
func TestBoardReopens(t *testing.T) {
	cfg := auto(640, 480, 25)
	a, err := adapterOn(cfg, localHost())
	if err != nil {
		t.Fatal(err)
	}
	open := files(t)
	for range 10 {
		if err := a.Open(); err != nil {
			t.Fatal(err)
		}
		r, err := a.VideoRecord(a.Properties()[0])
		if err != nil {
			t.Fatal(err)
		}
		unit(t, r)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if now := files(t); now > open {
		t.Errorf("%d descriptors before, %d after", open, now)
	}
}

// TestBoardLooks: List, Encoders, Explain, Snapshot and MeasureRate.
func TestBoardLooks(t *testing.T) {
	infos, err := List()
	if err != nil || len(infos) == 0 || infos[0].Driver != "vivid" {
		t.Errorf("cameras %+v, %v", infos, err)
	}
	codecs, err := Encoders()
	if err != nil || len(codecs) == 0 || codecs[0].Role != "H.264 encoder" {
		t.Errorf("codecs %+v, %v", codecs, err)
	}
	c, err := Explain(auto(640, 480, 25))
	if err != nil || c.Kind != "raw-m2m" || !c.ZeroCopy {
		t.Errorf("choice %+v, %v", c, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	img, how, err := Snapshot(ctx, auto(640, 480, 25))
	if err != nil || img.Bounds() != image.Rect(0, 0, 640, 480) || !strings.Contains(how, "vivid") {
		t.Errorf("picture by %q, %v", how, err)
	}
	m, err := MeasureRate(ctx, auto(640, 480, 25), 20)
	if err != nil || m.FPS < 2 || m.Key < 1 || m.Stats.Imports == 0 {
		t.Errorf("measured %+v, %v", m, err)
	}
	t.Logf("%+v", m)
}

// TestBoardBadCameras: each message names the device and what to do.
func TestBoardBadCameras(t *testing.T) {
	for source, want := range map[string]string{
		"/dev/video1":  "is a H.264 encoder, not a camera",
		"/dev/video77": "no such file or directory: check the cable",
		"/dev/null":    "not a video device",
		"usb:nothing":  "there are /dev/video0 (vivid)",
	} {
		err := Check(source)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), source) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

// TestBoardBusy: a camera that streams for somebody else.
func TestBoardBusy(t *testing.T) {
	_, r, _ := boardCamera(t, auto(640, 480, 25))
	unit(t, r)
	second, err := adapterOn(auto(640, 480, 25), localHost())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Open(); err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.VideoRecord(second.Properties()[0]); err == nil || !strings.Contains(err.Error(), "another program holds it") {
		t.Errorf("error %v", err)
	}
}

// files counts the open descriptors of the process.
func files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
