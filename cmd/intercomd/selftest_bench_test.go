package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
)

// The simulated camera stands for one of the kernel: everything between it and
// the line is real.
func TestBenchOfSimulatedCamera(t *testing.T) {
	cfg := &config.Config{
		Camera: config.Camera{Source: config.Source{Kind: config.SourceTest}, Width: 320, Height: 240, FPS: 30},
		Audio:  config.Audio{Capture: config.Source{Kind: config.SourceTest}, Playback: config.Source{Kind: config.SourceFile, Path: filepath.Join(t.TempDir(), "out.wav")}},
	}
	tr := &tester{cfg: cfg, bench: kernelBench()}
	for _, step := range []struct {
		part string
		run  func(context.Context) (verdict, string)
		want verdict
		text string
	}{
		{"picture", tr.testPicture, passed, "320x240, brightness "},
		{"camera", tr.testRate, passed, " pictures a second of 30.0, the first after "},
		{"encoder", tr.testEncoder, passed, "in software, "},
		// The tone of the simulated microphone is no sweep.
		{"sound", tr.testSound, failed, "the microphone does not hear the speaker: likeness "},
	} {
		v, text := step.run(t.Context())
		if v != step.want || !strings.Contains(text, step.text) {
			t.Errorf("%s: %s %s", step.part, v, text)
		}
	}
}

func TestEncodeSpeedRefuses(t *testing.T) {
	if _, err := encodeSpeed(t.Context(), image.NewGray(image.Rect(0, 0, 32, 32)), 30); err == nil || !strings.HasPrefix(err.Error(), "measure software encoder: ") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	if _, err := encodeSpeed(ctx, stripes(), 30); !errors.Is(err, context.Canceled) || time.Since(begin) > encodeTime {
		t.Errorf("got %v after %v", err, time.Since(begin))
	}
}

// The parts of a moving picture are those of the picture.
func TestMoving(t *testing.T) {
	img := image.NewYCbCr(image.Rect(4, 2, 104, 52), image.YCbCrSubsampleRatio420)
	for y := 2; y < 52; y++ {
		for x := 4; x < 104; x++ {
			img.Y[img.YOffset(x, y)] = uint8(x + y)
			img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = uint8(x/2), uint8(y/2)
		}
	}
	pictures := moving(img)
	if len(pictures) != 4 || pictures[0].Bounds() != image.Rect(0, 0, 68, 50) {
		t.Fatalf("%d pictures of %v", len(pictures), pictures[0].Bounds())
	}
	for i, p := range pictures {
		for _, at := range []image.Point{{0, 0}, {67, 49}, {31, 17}} {
			got, want := p.(*image.YCbCr).YCbCrAt(at.X, at.Y), img.YCbCrAt(4+8*i+at.X, 2+at.Y)
			if got != want {
				t.Errorf("picture %d has %v at %v, want %v", i, got, at, want)
			}
		}
	}
	white := toYCbCr(crop{image.NewUniform(color.White)})
	if c := white.YCbCrAt(63, 63); c != (color.YCbCr{Y: 255, Cb: 128, Cr: 128}) {
		t.Errorf("white became %v", c)
	}
}
