package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/hw/gpio"
)

// bench is where the devices come from.
type bench struct {
	snapshot func(ctx context.Context, c config.Camera) (img image.Image, how string, err error)
	rate     func(ctx context.Context, c config.Camera) (camera.Measurement, float64, error) // and the promised rate
	encode   func(ctx context.Context, img image.Image, fps int) (float64, error)            // frames a second, in software
	sound    func(ctx context.Context, c config.Audio) (audio.Measurement, error)
	board    gpio.Board // nil is the kernel's
}

// tester carries the checks out, one after another.
type tester struct {
	cfg     *config.Config
	bench   bench
	options selftestOptions
	prompts io.Writer // what somebody is asked to do

	picture  image.Image         // nil when none was taken
	measured *camera.Measurement // nil when nothing came
}

// leastContrast is the standard deviation of a picture that shows anything, in
// parts of white.
const leastContrast = 0.012

// testPicture takes a picture and looks at whether anything is on it.
func (t *tester) testPicture(ctx context.Context) (verdict, string) {
	if t.cfg.Camera.Source.Kind == config.SourceNone {
		return notConfigured, "camera.source is none"
	}
	img, how, err := t.bench.snapshot(ctx, t.cfg.Camera)
	if err != nil {
		return failed, err.Error()
	}
	t.picture = img
	bright, contrast := light(img)
	text := fmt.Sprintf("%dx%d, brightness %.0f %%, contrast %.0f %%", img.Bounds().Dx(), img.Bounds().Dy(), 100*bright, 100*contrast)
	if t.options.picture != "" {
		if err := writePicture(t.options.picture, img); err != nil {
			return failed, err.Error()
		}
		text += ", written to " + t.options.picture
	}
	if contrast < leastContrast {
		return failed, text + "; it shows nothing: is the lens covered, or the room dark?"
	}
	return passed, text + "; " + how
}

// samples is how many pixels of a picture are looked at in each direction.
const samples = 128

// light is the mean and the standard deviation of a picture's brightness, both
// in parts of white.
func light(img image.Image) (mean, deviation float64) {
	r := img.Bounds()
	if r.Empty() {
		return 0, 0
	}
	var n, sum, squares float64
	for i := range samples {
		for j := range samples {
			red, green, blue, _ := img.At(r.Min.X+i*r.Dx()/samples, r.Min.Y+j*r.Dy()/samples).RGBA()
			y := (0.299*float64(red) + 0.587*float64(green) + 0.114*float64(blue)) / 0xffff // ITU-R BT.601
			n, sum, squares = n+1, sum+y, squares+y*y
		}
	}
	mean = sum / n
	return mean, math.Sqrt(max(0, squares/n-mean*mean))
}

// pictureEncoder finds how a file is written, nil when its name does not say.
func pictureEncoder(path string) func(io.Writer, image.Image) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return png.Encode
	case ".jpg", ".jpeg":
		return func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 90}) }
	}
	return nil
}

// writePicture writes a file for its owner alone: there may be people on it.
func writePicture(path string, img image.Image) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pictureEncoder(path)(f, img); err != nil {
		return fmt.Errorf("write picture %s: %w", path, err)
	}
	return nil
}

// leastRate is the part of the promised pictures that must come.
const leastRate = 0.8

// testRate counts the pictures that come the way they do in a call.
func (t *tester) testRate(ctx context.Context) (verdict, string) {
	if t.cfg.Camera.Source.Kind == config.SourceNone {
		return notConfigured, "camera.source is none"
	}
	m, promised, err := t.bench.rate(ctx, t.cfg.Camera)
	if err != nil {
		return failed, err.Error()
	}
	t.measured = &m
	text := fmt.Sprintf("%.1f pictures a second of %.1f, the first after %v", m.FPS, promised, m.First.Round(10*time.Millisecond))
	if m.Stats.Dropped > 0 {
		text += fmt.Sprintf(", %d left out", m.Stats.Dropped)
	}
	if m.Route != "" {
		text += "; " + m.Route
	}
	if m.FPS < leastRate*promised {
		return failed, text + "; too few came: is it dark (long exposure), or the board too hot or busy?"
	}
	return passed, text
}

// testEncoder tells what the encoder made of the pictures that were counted,
// or how fast the one in software is.
func (t *tester) testEncoder(ctx context.Context) (verdict, string) {
	m := t.measured
	switch {
	case t.cfg.Camera.Source.Kind == config.SourceNone:
		return notConfigured, "camera.source is none"
	case m == nil:
		return notTested, "no pictures came"
	case m.Bytes > 0:
		return encoded(*m)
	case t.picture == nil:
		return notTested, "no picture was taken"
	}
	fps, err := t.bench.encode(ctx, t.picture, t.cfg.Camera.FPS)
	if err != nil {
		return failed, err.Error()
	}
	text := fmt.Sprintf("in software, %.1f pictures of %dx%d a second", fps, t.picture.Bounds().Dx(), t.picture.Bounds().Dy())
	if fps < m.FPS {
		return failed, text + "; that is less than the camera gives: ask for smaller pictures (camera.width, camera.height, camera.fps)"
	}
	return passed, text
}

// encoded tells of pictures that came as H.264.
func encoded(m camera.Measurement) (verdict, string) {
	rate := float64(8*m.Bytes) / m.Took.Seconds() / 1000
	text := fmt.Sprintf("in hardware, %.1f pictures a second, %.0f kbit/s, %s", m.FPS, rate, count(m.Key, "key frame"))
	if s := m.Stats; s.Imports > 0 || s.Copies > 0 {
		text += fmt.Sprintf(", %d by dma-buf, %d copied", s.Imports, s.Copies)
	}
	if m.Key == 0 {
		return failed, text + "; nobody could begin to watch without a key frame"
	}
	return passed, text
}

// testSound plays a sweep and listens.
func (t *tester) testSound(ctx context.Context) (verdict, string) {
	a := t.cfg.Audio
	switch {
	case a.Capture.Kind == config.SourceNone:
		return notConfigured, "audio.capture is none"
	case a.Playback.Kind == config.SourceNull:
		return notConfigured, "audio.playback is null"
	}
	m, err := t.bench.sound(ctx, a)
	switch {
	case errors.Is(err, audio.ErrNotHeard):
		return failed, fmt.Sprintf("%v: %s; look at audio.playback_volume, audio.capture_volume, and that nothing is muted", err, soundFigures(m))
	case err != nil:
		return failed, err.Error()
	}
	return passed, "a sweep was heard: " + soundFigures(m)
}

// soundFigures are the numbers of a measurement for people.
func soundFigures(m audio.Measurement) string {
	text := fmt.Sprintf("likeness %.0f %%, delay %v, noise %.0f dBFS, %.0f samples a second", 100*m.Likeness, m.Delay.Round(time.Millisecond), m.Noise, m.Rate)
	if len(m.Bands) == 0 {
		return text
	}
	var levels []string
	for _, b := range m.Bands {
		levels = append(levels, fmt.Sprintf("%.0f", b.Level))
	}
	return fmt.Sprintf("%s, %.0f to %.0f Hz by octaves %s dBFS (played -12)", text, m.Bands[0].Low, m.Bands[len(m.Bands)-1].High, strings.Join(levels, " "))
}
