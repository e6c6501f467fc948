package media

import (
	"fmt"
	"image"
	"math"

	"github.com/pion/mediadevices/pkg/io/video"
)

// maxConverted is the most pixels of a picture that is encoded in software
// beside the camera's own encoding: what a small board keeps up with.
const maxConverted = 640 * 480

// reduction is the whole factor by which a picture of a size is to be made
// smaller for [maxConverted]; at least 1.
func reduction(size image.Point) int {
	scale := 1
	for size.X/scale*(size.Y/scale) > maxConverted {
		scale++
	}
	return scale
}

// reduced is the size after a reduction: even, since 4:2:0 halves it again.
// Without a reduction it is left as it is.
func reduced(size image.Point, scale int) image.Point {
	if scale == 1 {
		return size
	}
	return image.Pt(size.X/scale&^1, size.Y/scale&^1)
}

// share is the part of a bitrate that a smaller picture needs for the same
// quality. Small pictures need more bits a pixel, hence the power of 3/4.
func share(small, full image.Point) float64 {
	ratio := float64(small.X*small.Y) / float64(max(full.X*full.Y, 1))
	return min(math.Pow(ratio, 0.75), 1)
}

// reducer makes 4:2:0 pictures smaller by a whole factor. It belongs to one
// goroutine.
type reducer struct {
	source video.Reader
	scale  int
	out    *image.YCbCr // reused: valid until the next Read
}

// Read implements video.Reader.
func (r *reducer) Read() (image.Image, func(), error) {
	img, release, err := r.source.Read()
	if err != nil {
		return nil, func() {}, err
	}
	defer release()
	in, ok := img.(*image.YCbCr)
	if !ok || in.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, func() {}, fmt.Errorf("reduce picture: %T is not 4:2:0", img)
	}
	size := reduced(in.Rect.Size(), r.scale)
	if r.out == nil || r.out.Rect.Size() != size {
		r.out = image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	}
	y, c := in.YOffset(in.Rect.Min.X, in.Rect.Min.Y), in.COffset(in.Rect.Min.X, in.Rect.Min.Y)
	boxReduce(r.out.Y, r.out.YStride, size, in.Y[y:], in.YStride, r.scale)
	half := image.Pt(size.X/2, size.Y/2)
	boxReduce(r.out.Cb, r.out.CStride, half, in.Cb[c:], in.CStride, r.scale)
	boxReduce(r.out.Cr, r.out.CStride, half, in.Cr[c:], in.CStride, r.scale)
	return r.out, func() {}, nil
}

// boxReduce fills a plane of size with the means of scale×scale samples each.
func boxReduce(dst []byte, dstStride int, size image.Point, src []byte, srcStride, scale int) {
	area := scale * scale
	for y := range size.Y {
		row := dst[y*dstStride : y*dstStride+size.X]
		for x := range row {
			sum := area / 2
			for dy := range scale {
				at := (y*scale+dy)*srcStride + x*scale
				for _, s := range src[at : at+scale] {
					sum += int(s)
				}
			}
			row[x] = byte(sum / area)
		}
	}
}
