package vp8

import (
	"errors"
	"image"
	"io"
	"strings"
	"testing"

	"github.com/pion/mediadevices/pkg/io/video"
)

// moving yields pictures with a bright square that moves; the border around
// the visible rectangle is noise that must not be encoded.
func moving(width, height int) video.Reader {
	n := 0
	return video.ReaderFunc(func() (image.Image, func(), error) {
		p := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
		for y := range height {
			for x := range width {
				if (x+n*4)%width < 32 && y < 32 {
					p.Y[y*p.YStride+x] = 235
				}
			}
		}
		n++
		return p, func() {}, nil
	})
}

// isKey reads the frame tag (RFC 6386 section 9.1): bit 0 is 0 in a key frame.
func isKey(packet []byte) bool { return packet[0]&1 == 0 }

func TestEncode(t *testing.T) {
	e, err := Build(moving(128, 96), Params{Width: 128, Height: 96, FPS: 15, BitRate: 200000, KeyFrameInterval: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for n := range 20 {
		if n == 10 {
			if err := e.ForceKeyFrame(); err != nil {
				t.Fatal(err)
			}
		}
		if n == 15 {
			if err := e.SetBitRate(100000); err != nil {
				t.Fatal(err)
			}
		}
		packet, _, err := e.Read()
		if err != nil || len(packet) == 0 {
			t.Fatalf("picture %d: %d bytes, %v", n, len(packet), err)
		}
		if want := n == 0 || n == 10; isKey(packet) != want {
			t.Errorf("picture %d: key frame %v, want %v", n, isKey(packet), want)
		}
		if n == 0 {
			// Start code and size of a key frame (RFC 6386 section 9.1).
			if packet[3] != 0x9d || packet[4] != 1 || packet[5] != 0x2a {
				t.Errorf("start code % x", packet[3:6])
			}
			if w, h := int(packet[6])|int(packet[7]&0x3f)<<8, int(packet[8])|int(packet[9]&0x3f)<<8; w != 128 || h != 96 {
				t.Errorf("coded size %dx%d, want 128x96", w, h)
			}
		}
	}
}

// TestSubImage: a view into a larger picture has strides of its own.
func TestSubImage(t *testing.T) {
	big := image.NewYCbCr(image.Rect(0, 0, 256, 256), image.YCbCrSubsampleRatio420)
	view := big.SubImage(image.Rect(64, 32, 64+64, 32+48)).(*image.YCbCr)
	e, err := Build(video.ReaderFunc(func() (image.Image, func(), error) { return view, func() {}, nil }),
		Params{Width: 64, Height: 48, FPS: 15, BitRate: 100000, KeyFrameInterval: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if packet, _, err := e.Read(); err != nil || len(packet) == 0 || !isKey(packet) {
		t.Errorf("%d bytes, %v", len(packet), err)
	}
}

func TestErrors(t *testing.T) {
	good := Params{Width: 64, Height: 48, FPS: 15, BitRate: 100000, KeyFrameInterval: 10}
	for name, p := range map[string]Params{
		"odd width": {Width: 63, Height: 48, FPS: 15, BitRate: 100000},
		"no height": {Width: 64, FPS: 15, BitRate: 100000},
		"too large": {Width: 16384, Height: 48, FPS: 15, BitRate: 100000},
		"no rate":   {Width: 64, Height: 48, BitRate: 100000},
		"no bits":   {Width: 64, Height: 48, FPS: 15},
	} {
		if _, err := Build(nil, p); err == nil || !strings.Contains(err.Error(), "out of range") {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := errors.New("camera gone")
	for name, tc := range map[string]struct {
		img  image.Image
		err  error
		want string
	}{
		"source fails": {nil, gone, "camera gone"},
		"wrong type":   {image.NewGray(image.Rect(0, 0, 64, 48)), nil, "want 4:2:0"},
		"wrong ratio":  {image.NewYCbCr(image.Rect(0, 0, 64, 48), image.YCbCrSubsampleRatio444), nil, "want 4:2:0"},
		"wrong size":   {image.NewYCbCr(image.Rect(0, 0, 32, 48), image.YCbCrSubsampleRatio420), nil, "want 64x48"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Build(video.ReaderFunc(func() (image.Image, func(), error) { return tc.img, func() {}, tc.err }), good)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if _, _, err := e.Read(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Read: %v, want %q", err, tc.want)
			}
		})
	}
}

func TestClosed(t *testing.T) {
	e, err := Build(moving(64, 48), Params{Width: 64, Height: 48, FPS: 15, BitRate: 100000, KeyFrameInterval: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := e.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("Read after Close: %v, want EOF", err)
	}
	if err := e.SetBitRate(100000); err == nil {
		t.Error("SetBitRate after Close succeeded")
	}
	if err := e.SetBitRate(1); err == nil {
		t.Error("SetBitRate(1) succeeded")
	}
}
