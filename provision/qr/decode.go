package qr

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/liyue201/goqr"
)

// MaxPixels is how many pixels are looked at, those of a picture of 1280x960; of
// larger pictures only every n-th row and column counts.
const MaxPixels = 1280 * 960

// maxCodes is how many codes of one picture are read.
const maxCodes = 8

// Decode returns the texts of the codes that it makes out in a picture: at most
// eight, each once. Codes may be turned. Mirrored ones and white ones on black are
// not seen, and of two side by side one may be missed.
func Decode(img image.Image) []string {
	grey := reduce(img)
	if grey == nil {
		return nil
	}
	smooth := soften(grey)
	for _, attempt := range []func() *image.Gray{
		func() *image.Gray { return binary(smooth) },
		func() *image.Gray { return binary(grey) },
		func() *image.Gray { return binary(half(grey)) },
		func() *image.Gray { return binary(soften(smooth)) },
	} {
		if texts := recognize(attempt()); len(texts) > 0 {
			return texts
		}
	}
	return nil
}

// recognize reads the codes of a picture that is small enough. Its library
// indexes by what it measures in the picture, so it may panic.
func recognize(grey *image.Gray) (texts []string) {
	defer func() {
		if recover() != nil {
			texts = nil
		}
	}()
	size := grey.Rect.Size()
	r := goqr.NewRecognizer(size.X, size.Y)
	if r == nil {
		return nil
	}
	r.Begin()
	for y := range size.Y {
		for x, v := range grey.Pix[y*grey.Stride:][:size.X] {
			r.SetPixel(x, y, v)
		}
	}
	r.End()
	seen := map[string]bool{}
	for i := range min(r.Count(), maxCodes) {
		if text, err := decodeOne(r, i); err == nil && !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	return texts
}

// decodeOne reads one code. A panic spoils this one only.
func decodeOne(r goqr.Recognizer, i int) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read QR code: %v", p)
		}
	}()
	data, err := r.Decode(i)
	if err != nil {
		return "", fmt.Errorf("read QR code: %w", err)
	}
	text = string(data.Payload)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", fmt.Errorf("read QR code: it holds no text")
	}
	return text, nil
}

// reduce returns the brightness of a picture at its origin, of every n-th pixel
// if it has too many. It is nil for an empty picture.
func reduce(img image.Image) *image.Gray {
	r := img.Bounds()
	step := 1
	for (r.Dx()/step)*(r.Dy()/step) > MaxPixels {
		step++
	}
	w, h := r.Dx()/step, r.Dy()/step
	if w <= 0 || h <= 0 {
		return nil
	}
	grey := image.NewGray(image.Rect(0, 0, w, h))
	at := brightness(img)
	for y := range h {
		for x := range w {
			grey.Pix[y*grey.Stride+x] = at(r.Min.X+x*step, r.Min.Y+y*step)
		}
	}
	return grey
}

// brightness returns how bright a pixel is.
func brightness(img image.Image) func(x, y int) byte {
	switch m := img.(type) {
	case *image.YCbCr:
		return func(x, y int) byte { return m.Y[m.YOffset(x, y)] }
	case *image.Gray:
		return func(x, y int) byte { return m.Pix[m.PixOffset(x, y)] }
	}
	return func(x, y int) byte {
		grey, _ := color.GrayModel.Convert(img.At(x, y)).(color.Gray)
		return grey.Y
	}
}
