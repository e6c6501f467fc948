package camera

import (
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/pion/mediadevices/pkg/codec/openh264"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
)

// The measurement of the software encoder.
const (
	speedWidth, speedHeight = 640, 360 // pixels
	speedTime               = 250 * time.Millisecond
	speedPictures           = 5 // at least; the first is a key frame
	speedShare              = 0.6
)

// softwarePixels measures what the software encoder manages in speedShare of a
// core, in pixels a second. It takes about speedTime.
func softwarePixels() (float64, error) {
	params, err := openh264.NewParams()
	if err != nil {
		return 0, fmt.Errorf("measure software encoder: %w", err)
	}
	params.BitRate, params.IntraPeriod, params.MultipleThreadIdc = 1_000_000, 300, 1
	params.SliceMode = openh264.SMSingleSlice
	enc, err := params.BuildVideoEncoder(syntheticPictures(), prop.Media{Video: prop.Video{
		Width: speedWidth, Height: speedHeight, FrameRate: 30,
	}})
	if err != nil {
		return 0, fmt.Errorf("measure software encoder: %w", err)
	}
	pictures, start := 0, time.Now()
	for ; pictures < speedPictures || time.Since(start) < speedTime; pictures++ {
		if _, _, err := enc.Read(); err != nil {
			return 0, fmt.Errorf("measure software encoder: %w", errors.Join(err, enc.Close()))
		}
	}
	rate := float64(pictures*speedWidth*speedHeight) / time.Since(start).Seconds()
	return speedShare * rate, enc.Close()
}

// syntheticPictures goes round with some pictures of the test pattern: drawing
// them would take part of the time.
func syntheticPictures() video.Reader {
	p := newPattern(speedWidth, speedHeight, 30)
	var pictures [poolSize]*image.YCbCr
	for i := range pictures {
		pictures[i] = p.blank()
		p.draw(pictures[i], uint64(4*i), time.Time{})
	}
	n := 0
	return video.ReaderFunc(func() (image.Image, func(), error) {
		n++
		return pictures[n%poolSize], func() {}, nil
	})
}
