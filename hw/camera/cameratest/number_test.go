package cameratest

import (
	"image"
	"image/color"
	"testing"

	"github.com/intercomd/intercomd/hw/camera"
)

// strip paints a picture of uniform grey with the cells given as 0 and 1.
func strip(cells string) image.Image {
	img := image.NewGray(image.Rect(5, 7, 5+camera.StripCells*4, 7+camera.StripHeight*4))
	for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
		level := uint8(40)
		if cells[(x-img.Rect.Min.X)/4] == '1' {
			level = 200
		}
		for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
			img.SetGray(x, y, color.Gray{Y: level})
		}
	}
	return img
}

func TestFrameNumber(t *testing.T) {
	tests := []struct {
		name  string
		cells string
		want  uint32
		ok    bool
	}{
		{"zero", "10" + "000000000000000000000000" + "01", 0, true},
		{"odd number of ones", "10" + "000000000000000000000111" + "11", 7, true},
		{"highest", "10" + "111111111111111111111111" + "01", 1<<24 - 1, true},
		{"parity wrong", "10" + "000000000000000000000111" + "01", 0, false},
		{"all white", "11" + "111111111111111111111111" + "11", 0, false},
		{"all black", "00" + "000000000000000000000000" + "00", 0, false},
		{"end missing", "10" + "000000000000000000000000" + "00", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, ok := FrameNumber(strip(tt.cells))
			if ok != tt.ok || (ok && n != tt.want) {
				t.Errorf("FrameNumber = %d, %v, want %d, %v", n, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestFrameNumberOfTinyPicture(t *testing.T) {
	if _, ok := FrameNumber(image.NewGray(image.Rect(0, 0, 20, 20))); ok {
		t.Error("read a number from 20 × 20 pixels")
	}
}
