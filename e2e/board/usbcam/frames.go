package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// accessUnits cuts an Annex B stream before its access unit delimiters (H.264,
// 7.4.1.2.3). What comes before the first one is dropped.
func accessUnits(stream []byte) [][]byte {
	delimiter := []byte{0, 0, 0, 1, 9}
	var units [][]byte
	begin := bytes.Index(stream, delimiter)
	for begin >= 0 {
		rest := stream[begin:]
		next := bytes.Index(rest[1:], delimiter)
		if next < 0 {
			return append(units, rest)
		}
		units = append(units, rest[:next+1])
		begin += next + 1
	}
	return units
}

// patternFrames is how many pictures the pattern has.
const patternFrames = 8

// pattern draws a bar that moves through grey, as baseline JPEG pictures.
func pattern(width, height int) ([][]byte, error) {
	var frames [][]byte
	for n := range patternFrames {
		picture := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio422)
		fill(picture.Y, 96)
		fill(picture.Cb, 128)
		fill(picture.Cr, 128)
		bar := width / patternFrames
		for y := range height {
			row := picture.Y[y*picture.YStride:]
			fill(row[n*bar:(n+1)*bar], 235)
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, nil); err != nil {
			return nil, fmt.Errorf("draw pattern: %w", err)
		}
		frames = append(frames, out.Bytes())
	}
	return frames, nil
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
