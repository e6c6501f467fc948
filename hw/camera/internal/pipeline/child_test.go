package pipeline

import (
	"fmt"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// child makes a route through a shell script that stands in for rpicam-vid.
func child(t *testing.T, kind plan.Kind, script string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rpicam-vid")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	sys := v4l2test.New()
	sys.Plug("/dev/video11", v4l2test.NewEncoder(v4l2test.CodecConfig{}))
	return Config{
		Sys: sys, Counters: new(Counters), Log: slog.New(slog.DiscardHandler), Bitrate: 1_000_000,
		Route: plan.Route{
			Kind: kind, Child: path, Format: plan.YU12, Input: plan.YU12, Width: 640, Height: 480, FPS: 15,
			Encoder: plan.Node{Path: "/dev/video11"}, Camera: plan.Node{Path: "/dev/video0", Name: "unicam"},
		},
	}
}

// frames writes pictures of 640 × 480 whose bytes are the letters a, b, c ….
const frames = `i=97; while :; do head -c 460800 /dev/zero | tr '\0' "\\$(printf %o $i)"; i=$((i+1)); done`

func TestChildRaw(t *testing.T) {
	cfg := child(t, plan.ChildPlain, frames)
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	last := byte(0)
	for range 3 {
		img, err := s.Read()
		if err != nil {
			t.Fatal(err)
		}
		p := img.(*image.YCbCr)
		if p.Y[0] < 'a' || p.Y[0] == last || p.Y[0] != p.Y[len(p.Y)-1] || p.Y[0] != p.Cb[7] || p.Y[0] != p.Cr[len(p.Cr)-1] {
			t.Errorf("picture of %c %c %c after %c", p.Y[0], p.Y[len(p.Y)-1], p.Cr[0], last)
		}
		last = p.Y[0]
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestChildIntoEncoder(t *testing.T) {
	cfg := child(t, plan.ChildRaw, frames)
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		img, err := s.Read()
		if err != nil {
			t.Fatal(err)
		}
		f := img.(*Frame)
		if i == 0 && !f.KeyFrame() || f.Bounds().Dx() != 640 {
			t.Errorf("frame %d of %v", i, f.Bounds())
		}
		if err := f.ForceKeyFrame(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if st := cfg.Counters.Stats(); st.Copies < 5 || st.KeyForced != 5 {
		t.Errorf("%+v", st)
	}
	if err := cfg.Sys.(*v4l2test.System).Left(); err != nil {
		t.Error(err)
	}
}

func TestChildH264(t *testing.T) {
	data, err := filepath.Abs("../../testdata/baseline.h264")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(child(t, plan.ChildH264, fmt.Sprintf("while :; do cat %q; sleep 0.1; done", data)))
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for range 20 { // of a child that is faster than its reader
		img, err := s.Read()
		if err != nil {
			t.Fatal(err)
		}
		f := img.(*Frame)
		if f.KeyFrame() {
			keys++
		}
		if err := f.ForceKeyFrame(); err == nil || !strings.Contains(err.Error(), "takes no orders") {
			t.Errorf("error %v", err)
		}
	}
	if keys < 4 { // every fifth
		t.Errorf("%d key frames", keys)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestChildFails(t *testing.T) {
	s, err := Start(child(t, plan.ChildPlain, "echo 'no cameras available' >&2; exit 1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), "no cameras available") {
		t.Errorf("error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
