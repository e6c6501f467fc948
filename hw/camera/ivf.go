package camera

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math/bits"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
)

// Layout of IVF, little endian. File header: "DKIF", version, size of the
// header, FourCC, width, height, ticks per second (rate), its divisor (scale),
// number of frames. Frame header: size, time in ticks.
const (
	ivfHeader      = 32
	ivfFrameHeader = 12
)

// Times between two pictures that are believed: the shortest on average, and
// the longest.
const (
	minGap = time.Millisecond
	maxGap = 10 * time.Second
)

// ivfTime converts ticks to time: one tick is scale/rate seconds.
type ivfTime struct{ rate, scale uint32 }

// duration saturates instead of overflowing.
func (t ivfTime) duration(ticks uint64) time.Duration {
	hi, units := bits.Mul64(ticks, uint64(t.scale))
	if hi != 0 {
		return 1<<63 - 1
	}
	hi, lo := bits.Mul64(units, uint64(time.Second))
	if hi >= uint64(t.rate) {
		return 1<<63 - 1
	}
	q, _ := bits.Div64(hi, lo, uint64(t.rate))
	return time.Duration(min(q, 1<<63-1))
}

// parseIVF indexes an IVF file.
func parseIVF(data []byte) (*clip, error) {
	c, clock, err := parseIVFHeader(data)
	if err != nil {
		return nil, err
	}
	times, err := c.readIVFFrames(data, clock)
	if err != nil {
		return nil, err
	}
	if err := c.setGaps(times, clock.duration(1)); err != nil {
		return nil, err
	}
	if c.codec == formatH264 {
		c, err = c.finishH264()
	} else {
		c, err = c.finishVP8()
	}
	if err != nil {
		return nil, err
	}
	if err := c.checkPace(); err != nil {
		return nil, err
	}
	return c, nil
}

// finishVP8 makes an index of frames a clip that can be played.
func (c *clip) finishVP8() (*clip, error) {
	if err := c.startAtKey(); err != nil {
		return nil, fmt.Errorf("%w in VP8 stream", err)
	}
	size, err := vp8Size(c.pictures[0].data)
	if err != nil {
		return nil, err
	}
	c.size = size
	return c, nil
}

func parseIVFHeader(data []byte) (*clip, ivfTime, error) {
	if len(data) < ivfHeader || string(data[:4]) != "DKIF" {
		return nil, ivfTime{}, errors.New("not an IVF file")
	}
	if n := binary.LittleEndian.Uint16(data[6:]); n != ivfHeader {
		return nil, ivfTime{}, fmt.Errorf("IVF header of %d bytes, want %d", n, ivfHeader)
	}
	c := &clip{}
	switch fourCC := string(data[8:12]); fourCC {
	case "VP80":
		c.codec = formatVP8
	case "H264":
		c.codec = formatH264
	default:
		return nil, ivfTime{}, fmt.Errorf("IVF holds %q, want VP80 or H264", fourCC)
	}
	clock := ivfTime{
		rate:  binary.LittleEndian.Uint32(data[16:]),
		scale: binary.LittleEndian.Uint32(data[20:]),
	}
	if clock.rate == 0 || clock.scale == 0 {
		return nil, ivfTime{}, errors.New("IVF header has a time base of zero")
	}
	return c, clock, nil
}

// readIVFFrames fills in the pictures and returns when each is to be shown. A
// last frame that is cut off is left out: recorders get killed.
func (c *clip) readIVFFrames(data []byte, clock ivfTime) ([]time.Duration, error) {
	var times []time.Duration
	var params []byte
	for rest := data[ivfHeader:]; len(rest) >= ivfFrameHeader; {
		size := uint64(binary.LittleEndian.Uint32(rest))
		ticks := binary.LittleEndian.Uint64(rest[4:])
		rest = rest[ivfFrameHeader:]
		if size > uint64(len(rest)) {
			break
		}
		payload := rest[:size:size]
		rest = rest[size:]
		if size == 0 {
			continue
		}
		if len(c.pictures) == MaxPictures {
			return nil, errTooManyPictures
		}
		p := picture{data: payload, key: vp8Key(payload)}
		if c.codec == formatH264 {
			p, params = h264Picture(payload, params)
		}
		c.pictures = append(c.pictures, p)
		times = append(times, clock.duration(ticks))
	}
	return times, nil
}

// h264Picture makes a picture of the access unit in one IVF frame. params are
// the parameter sets in force before it, and after it.
func h264Picture(unit, params []byte) (p picture, after []byte) {
	g := &grouper{stream: unit, params: params}
	g.open = true
	for n := range h264.NALs(unit) {
		g.slices = false // the container says where the access unit ends
		g.add(n)
	}
	p = g.finish(len(unit))
	return p, g.params
}

// setGaps turns times into gaps. The last picture lasts as long as the one
// before it, so that the loop goes round smoothly. Pictures may share a time
// (VP8's invisible ones do), but on the whole time has to pass.
func (c *clip) setGaps(times []time.Duration, tick time.Duration) error {
	gap := max(tick, minGap)
	for i := range c.pictures {
		if i+1 < len(times) {
			gap = times[i+1] - times[i]
		}
		if gap < 0 {
			return fmt.Errorf("picture %d: time goes back", i+1)
		}
		if gap > maxGap {
			return fmt.Errorf("picture %d: %v until the next, more than %v", i, gap, maxGap)
		}
		c.pictures[i].gap = gap
	}
	return nil
}

// checkPace refuses a clip that would be played without ever waiting.
func (c *clip) checkPace() error {
	if d := c.duration(); d < time.Duration(len(c.pictures))*minGap {
		return fmt.Errorf("%d pictures in %v, more than one in %v", len(c.pictures), d, minGap)
	}
	return nil
}

// vp8Key tells whether a frame is a key frame (RFC 6386 9.1).
func vp8Key(frame []byte) bool { return len(frame) > 0 && frame[0]&1 == 0 }

// vp8Size reads the size in a key frame's header (RFC 6386 9.1).
func vp8Size(frame []byte) (image.Point, error) {
	if len(frame) < 10 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a {
		return image.Point{}, errors.New("VP8 key frame without its start code")
	}
	size := image.Pt(
		int(binary.LittleEndian.Uint16(frame[6:])&0x3fff),
		int(binary.LittleEndian.Uint16(frame[8:])&0x3fff),
	)
	if size.X == 0 || size.Y == 0 {
		return image.Point{}, errors.New("VP8 key frame of size zero")
	}
	return size, nil
}
