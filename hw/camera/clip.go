package camera

import (
	"errors"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/internal/mediafile"
	"github.com/intercomd/intercomd/hw/internal/pace"
)

// Limits of a recording. They bound the memory that a file can claim.
const (
	MaxFileSize = 64 << 20 // bytes
	MaxPictures = 1 << 18  // 2.4 hours at 30 per second
)

// maxLate is how late a reader may be and still catch up; a later one moves
// the recording's clock instead.
const maxLate = 500 * time.Millisecond

var (
	errTooManyPictures = fmt.Errorf("more than %d pictures", MaxPictures)
	errNoKeyFrame      = errors.New("no key frame")
)

// container is how a file wraps pictures.
type container int

const (
	noContainer container = iota
	annexB
	ivf
)

func containerOf(path string) (container, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".h264", ".264":
		return annexB, nil
	case ".ivf":
		return ivf, nil
	}
	return noContainer, errors.New("unknown kind of file, want .h264, .264 or .ivf")
}

// picture is one access unit or VP8 frame of a clip.
type picture struct {
	data   []byte
	params []byte        // SPS and PPS to be repeated before data; key frames only
	gap    time.Duration // until the next picture is due
	key    bool
}

// clip is a recording in memory. Its first picture is a key frame, and its
// duration is not zero.
type clip struct {
	codec    frame.Format
	size     image.Point
	pictures []picture
}

// loadClip reads and indexes a file. fps times the pictures of a container
// without time.
func loadClip(path string, fps int) (*clip, error) {
	kind, err := containerOf(path)
	if err != nil {
		return nil, err
	}
	data, err := mediafile.Read(path, MaxFileSize)
	if err != nil {
		return nil, err
	}
	if kind == annexB {
		return parseAnnexB(data, time.Second/time.Duration(fps))
	}
	return parseIVF(data)
}

// startAtKey drops the pictures that cannot be decoded: those before the first
// key frame.
func (c *clip) startAtKey() error {
	for i, p := range c.pictures {
		if p.key {
			c.pictures = c.pictures[i:]
			return nil
		}
	}
	return errNoKeyFrame
}

func (c *clip) duration() time.Duration {
	var d time.Duration
	for _, p := range c.pictures {
		d += p.gap
	}
	return d
}

func (c *clip) properties() prop.Video {
	return prop.Video{
		Width: c.size.X, Height: c.size.Y,
		FrameRate:   float32(float64(len(c.pictures)) / c.duration().Seconds()),
		FrameFormat: c.codec,
	}
}

func (c *clip) record(done <-chan struct{}) (video.Reader, error) {
	return &replay{clip: c, done: done, due: time.Now()}, nil
}

func (c *clip) close() error { return nil }

// replay plays a clip. One goroutine reads it; force comes from any.
type replay struct {
	clip  *clip
	done  <-chan struct{}
	force atomic.Bool
	pos   int
	due   time.Time // of the picture at pos
}

// Read waits for the next picture and returns it as an [EncodedFrame].
func (r *replay) Read() (image.Image, func(), error) {
	if !pace.Until(r.done, r.due) {
		return nil, nil, io.EOF
	}
	if now := time.Now(); now.Sub(r.due) > maxLate {
		r.due = now
	}
	if r.force.Swap(false) {
		r.pos = r.clip.nextKey(r.pos)
	}
	p := r.clip.pictures[r.pos]
	r.pos = (r.pos + 1) % len(r.clip.pictures)
	r.due = r.due.Add(p.gap)
	return &EncodedFrame{
		codec:   r.clip.codec,
		payload: p.payload(),
		key:     p.key,
		size:    r.clip.size,
		force:   &r.force,
	}, func() {}, nil
}

// nextKey is the first key frame at pos or after it, or else the clip's first.
func (c *clip) nextKey(pos int) int {
	for i := pos; i < len(c.pictures); i++ {
		if c.pictures[i].key {
			return i
		}
	}
	return 0
}

func (p picture) payload() []byte {
	if len(p.params) == 0 {
		return p.data
	}
	b := make([]byte, 0, len(p.params)+len(p.data))
	return append(append(b, p.params...), p.data...)
}
