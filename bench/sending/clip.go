package sending

import (
	"fmt"
	"image"
	"io"
	"os"

	"github.com/pion/mediadevices/pkg/codec/openh264"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
)

// The clip that is sent: 720p, 30 frames a second, 1.5 Mbit/s, 10 s.
const (
	clipWidth, clipHeight = 1280, 720
	clipFPS               = 30
	clipBitrate           = 1500000
	clipFrames            = 10 * clipFPS
)

// WriteClip encodes a moving picture to an Annex-B file.
func WriteClip(path string) error {
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write clip: %w", err)
	}
	defer out.Close()
	if err := encodeClip(out, clipFrames); err != nil {
		return fmt.Errorf("write clip %s: %w", path, err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write clip: %w", err)
	}
	return nil
}

func encodeClip(out io.Writer, frames int) error {
	params, err := openh264.NewParams()
	if err != nil {
		return err
	}
	params.BitRate = clipBitrate
	params.IntraPeriod = 2 * clipFPS
	params.SliceMode = openh264.SMSingleSlice
	n := 0
	pictures := video.ReaderFunc(func() (image.Image, func(), error) {
		n++
		return scene(n), func() {}, nil
	})
	enc, err := params.BuildVideoEncoder(pictures, prop.Media{Video: prop.Video{
		Width: clipWidth, Height: clipHeight, FrameRate: clipFPS,
	}})
	if err != nil {
		return err
	}
	defer enc.Close()
	for range frames {
		au, release, err := enc.Read()
		if err != nil {
			return err
		}
		_, err = out.Write(au)
		release()
		if err != nil {
			return err
		}
	}
	return nil
}

// scene is picture n: slanted stripes that wander, with a grain, so that each
// frame takes its share of the bitrate.
func scene(n int) image.Image {
	img := image.NewYCbCr(image.Rect(0, 0, clipWidth, clipHeight), image.YCbCrSubsampleRatio420)
	grain := uint32(n)
	for y := range clipHeight {
		row := img.Y[y*img.YStride : y*img.YStride+clipWidth]
		for x := range row {
			grain = grain*1664525 + 1013904223
			row[x] = byte((x+y+4*n)/3)/2 + 40 + byte(grain>>29)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(100+n%50), byte(150-n%50)
	}
	return img
}
