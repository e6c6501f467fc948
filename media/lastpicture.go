package media

import (
	"image"

	"github.com/pion/mediadevices/pkg/io/video"
)

// pictures reads a camera for an encoder that must not wait for it: when a peer
// needs a key frame at once, the last picture will do. The goroutine and the
// encoder take turns, since a camera may use the memory of a picture again with
// the next.
type pictures struct {
	reader video.Reader
	frames chan pictureRead
	again  chan struct{} // the encoder is done with the frame
	stop   chan struct{}
	done   chan struct{}

	// Owned by the encoder.
	lent bool
	last *image.YCbCr // copy of the last picture, nil before the first
}

type pictureRead struct {
	frame image.Image
	err   error
}

// newPictures starts to read. Whoever calls it calls close.
func newPictures(r video.Reader) *pictures {
	p := &pictures{
		reader: r, frames: make(chan pictureRead), again: make(chan struct{}),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.run()
	return p
}

func (p *pictures) run() {
	defer close(p.done)
	for {
		frame, _, err := p.reader.Read()
		select {
		case p.frames <- pictureRead{frame, err}:
		case <-p.stop:
			return
		}
		select {
		case <-p.again:
		case <-p.stop:
			return
		}
	}
}

// next waits for a frame, or for hurry: ok is false then. The frame is good
// until the next call.
func (p *pictures) next(hurry <-chan struct{}) (frame image.Image, ok bool, err error) {
	if p.lent {
		p.lent = false
		p.again <- struct{}{}
	}
	select {
	case read := <-p.frames:
		p.lent = true
		return read.frame, true, read.err
	case <-hurry:
		return nil, false, nil
	}
}

// keep copies a picture to have it as the last. Pictures of another kind than
// cameras yield are not kept.
func (p *pictures) keep(picture image.Image) {
	src, ok := picture.(*image.YCbCr)
	if !ok {
		p.last = nil
		return
	}
	if p.last == nil || p.last.Rect != src.Rect || p.last.SubsampleRatio != src.SubsampleRatio {
		p.last = image.NewYCbCr(src.Rect, src.SubsampleRatio)
	}
	height := len(p.last.Cb) / max(p.last.CStride, 1)
	copyPlane(p.last.Y, p.last.YStride, src.Y, src.YStride, src.Rect.Dx(), src.Rect.Dy())
	copyPlane(p.last.Cb, p.last.CStride, src.Cb, src.CStride, p.last.CStride, height)
	copyPlane(p.last.Cr, p.last.CStride, src.Cr, src.CStride, p.last.CStride, height)
}

// copyPlane copies the lines of a plane, whose ends may hold padding.
func copyPlane(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	if dstStride == srcStride {
		copy(dst, src)
		return
	}
	for y := range height {
		copy(dst[y*dstStride:][:width], src[y*srcStride:])
	}
}

// close ends reading. It waits for the frame that is being read.
func (p *pictures) close() {
	close(p.stop)
	<-p.done
}
