package media

import (
	"errors"
	"image"
	"testing"

	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/stretchr/testify/assert"
)

func TestPicturesTakeTurns(t *testing.T) {
	frame := image.NewYCbCr(image.Rect(0, 0, 4, 2), image.YCbCrSubsampleRatio420)
	n := byte(0)
	broken := errors.New("unplugged")
	p := newPictures(video.ReaderFunc(func() (image.Image, func(), error) {
		if n++; n > 3 {
			return nil, func() {}, broken
		}
		frame.Y[0] = n // the same memory each time, as cameras do
		return frame, func() {}, nil
	}))
	for want := byte(1); want <= 3; want++ {
		got, ok, err := p.next(nil)
		assert.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, want, got.(*image.YCbCr).Y[0], "no picture is read while one is in use")
		p.keep(got)
	}
	_, _, err := p.next(nil)
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, byte(3), p.last.Y[0])
	p.close()
}

func TestHurryEndsWaiting(t *testing.T) {
	never := make(chan struct{})
	p := newPictures(video.ReaderFunc(func() (image.Image, func(), error) {
		<-never
		return nil, func() {}, errors.New("closed")
	}))
	hurry := make(chan struct{}, 1)
	hurry <- struct{}{}
	_, ok, err := p.next(hurry)
	assert.False(t, ok)
	assert.NoError(t, err)
	close(never)
	p.close()
}

func TestKeptPicturesAreCopies(t *testing.T) {
	for name, ratio := range map[string]image.YCbCrSubsampleRatio{
		"4:2:0": image.YCbCrSubsampleRatio420, "4:2:2": image.YCbCrSubsampleRatio422, "4:4:4": image.YCbCrSubsampleRatio444,
	} {
		t.Run(name, func(t *testing.T) {
			src := image.NewYCbCr(image.Rect(0, 0, 6, 4), ratio)
			padded := image.NewYCbCr(image.Rect(0, 0, 16, 4), ratio)
			for i := range padded.Y {
				padded.Y[i] = byte(i)
			}
			for i := range padded.Cb {
				padded.Cb[i], padded.Cr[i] = byte(2*i), byte(3*i)
			}
			for _, picture := range []*image.YCbCr{src, padded.SubImage(image.Rect(0, 0, 6, 4)).(*image.YCbCr)} {
				p := &pictures{}
				p.keep(picture)
				for y := range 4 {
					for x := range 6 {
						assert.Equal(t, picture.YCbCrAt(x, y), p.last.YCbCrAt(x, y))
					}
				}
				picture.Y[0]++
				assert.NotEqual(t, picture.Y[0], p.last.Y[0])
			}
		})
	}
	p := &pictures{last: &image.YCbCr{}}
	p.keep(image.NewGray(image.Rect(0, 0, 2, 2)))
	assert.Nil(t, p.last, "what cannot be copied is not shown again")
}
