package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"time"

	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/codec/openh264"
	"github.com/pion/mediadevices/pkg/driver"
	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
)

// rateSeconds is how long pictures are counted.
const rateSeconds = 3

// kernelBench has the devices of the kernel, and the simulated ones.
func kernelBench() bench {
	return bench{
		snapshot: func(ctx context.Context, c config.Camera) (image.Image, string, error) {
			return camera.Snapshot(ctx, cameraOf(c))
		},
		rate: measureRate, encode: encodeSpeed, sound: measureSound,
	}
}

// measureRate counts what a camera delivers and tells what it should have.
func measureRate(ctx context.Context, c config.Camera) (camera.Measurement, float64, error) {
	promised := float64(c.FPS)
	if c.Source.Kind == config.SourceDevice {
		choice, err := camera.Explain(cameraOf(c))
		if err != nil {
			return camera.Measurement{}, 0, err
		}
		promised = float64(choice.FPS)
	}
	m, err := camera.MeasureRate(ctx, cameraOf(c), rateSeconds*int(promised))
	return m, promised, err
}

// measureSound plays and listens on the configured devices.
func measureSound(ctx context.Context, c config.Audio) (m audio.Measurement, err error) {
	duplex := audio.NewDuplex()
	speaker, err := audio.OpenPlayback(audio.PlaybackConfig{
		Playback: c.Playback.String(), Volume: c.PlaybackVolume, Period: c.Period, Duplex: duplex,
	})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, speaker.Close()) }()
	id, unregister, err := audio.Register(audio.Config{
		Capture: c.Capture.String(), CaptureVolume: c.CaptureVolume, Period: c.Period, Duplex: duplex,
	})
	if err != nil {
		return m, err
	}
	defer unregister()
	microphone, release, err := openMicrophone(id)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, release()) }()
	m, err = audio.Measure(ctx, speaker, microphone)
	if state, lost := speaker.State(); state == audio.StateMissing && lost != nil {
		err = lost
	}
	return m, err
}

// openMicrophone opens a registered microphone.
func openMicrophone(id string) (mdaudio.Reader, func() error, error) {
	found := driver.GetManager().Query(driver.FilterID(id))
	if len(found) != 1 {
		return nil, nil, errors.New("open microphone: mediadevices lost the driver")
	}
	d := found[0]
	recorder, ok := d.(driver.AudioRecorder)
	if !ok {
		return nil, nil, errors.New("open microphone: the driver does not record")
	}
	if err := d.Open(); err != nil {
		return nil, nil, fmt.Errorf("open microphone: %w", err)
	}
	reader, err := recorder.AudioRecord(d.Properties()[0])
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return reader, d.Close, nil
}

// The measurement of the software encoder.
const (
	encodeTime    = time.Second
	encodeBitrate = 1_500_000 // bit/s
	pan           = 32        // pixels that the picture moves to and fro, so that there is something to encode
)

// encodeSpeed tells how many pictures like this one the encoder in software
// makes in a second.
func encodeSpeed(ctx context.Context, img image.Image, fps int) (rate float64, err error) {
	enc, err := newSoftwareEncoder(img, fps)
	if err != nil {
		return 0, fmt.Errorf("measure software encoder: %w", err)
	}
	defer func() { err = errors.Join(err, enc.Close()) }()
	pictures, begin := 0, time.Now()
	for time.Since(begin) < encodeTime && ctx.Err() == nil {
		_, release, err := enc.Read()
		if err != nil {
			return 0, fmt.Errorf("measure software encoder: %w", err)
		}
		release()
		pictures++
	}
	return float64(pictures) / time.Since(begin).Seconds(), ctx.Err()
}

func newSoftwareEncoder(img image.Image, fps int) (codec.ReadCloser, error) {
	if b := img.Bounds(); b.Dx() < 2*pan || b.Dy() < 16 {
		return nil, fmt.Errorf("a picture of %dx%d is too small", b.Dx(), b.Dy())
	}
	params, err := openh264.NewParams()
	if err != nil {
		return nil, err
	}
	params.BitRate, params.IntraPeriod, params.MultipleThreadIdc = encodeBitrate, uint(10*fps), 1
	params.SliceMode = openh264.SMSingleSlice
	pictures := moving(img)
	n := 0
	source := video.ReaderFunc(func() (image.Image, func(), error) {
		n++
		return pictures[n%len(pictures)], func() {}, nil
	})
	size := pictures[0].Bounds()
	return params.BuildVideoEncoder(source, prop.Media{Video: prop.Video{Width: size.Dx(), Height: size.Dy(), FrameRate: float32(fps)}})
}

// moving makes a few pictures of one, each a part of it a little further to the
// side, in the 4:2:0 that the encoder wants.
func moving(img image.Image) []image.Image {
	whole, ok := img.(*image.YCbCr)
	if !ok || whole.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		whole = toYCbCr(img)
	}
	b := whole.Bounds()
	size := image.Pt((b.Dx()-pan)&^1, b.Dy()&^1)
	var out []image.Image
	for shift := 0; shift < pan; shift += pan / 4 {
		out = append(out, cut(whole, image.Rectangle{Min: b.Min, Max: b.Min.Add(size)}.Add(image.Pt(shift, 0))))
	}
	return out
}

// cut copies a part of a picture without gaps between its lines.
func cut(img *image.YCbCr, r image.Rectangle) *image.YCbCr {
	out := image.NewYCbCr(image.Rectangle{Max: r.Size()}, image.YCbCrSubsampleRatio420)
	for y := range r.Dy() {
		copy(out.Y[y*out.YStride:][:r.Dx()], img.Y[img.YOffset(r.Min.X, r.Min.Y+y):])
	}
	for y := 0; y < r.Dy(); y += 2 {
		from, to := img.COffset(r.Min.X, r.Min.Y+y), y/2*out.CStride
		copy(out.Cb[to:][:r.Dx()/2], img.Cb[from:])
		copy(out.Cr[to:][:r.Dx()/2], img.Cr[from:])
	}
	return out
}

// toYCbCr converts a picture of any kind.
func toYCbCr(img image.Image) *image.YCbCr {
	b := img.Bounds()
	out := image.NewYCbCr(image.Rectangle{Max: b.Size()}, image.YCbCrSubsampleRatio420)
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, blue, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			luma, cb, cr := color.RGBToYCbCr(uint8(r>>8), uint8(g>>8), uint8(blue>>8))
			out.Y[out.YOffset(x, y)] = luma
			out.Cb[out.COffset(x, y)], out.Cr[out.COffset(x, y)] = cb, cr
		}
	}
	return out
}
