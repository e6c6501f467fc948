package camera

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"iter"
	"time"
)

// NAL unit types that matter here (ITU-T H.264 table 7-1).
const (
	nalSlice      = 1
	nalPartitionA = 2
	nalPartitionC = 4
	nalIDR        = 5
	nalSEI        = 6
	nalSPS        = 7
	nalPPS        = 8
	nalAUD        = 9
	nalPrefix     = 14
	nalReserved18 = 18
)

// nal is a NAL unit inside a byte stream.
type nal struct {
	start int    // of its start code
	end   int    // of its bytes, where the next start code begins
	unit  []byte // header and payload, not empty
}

func (n nal) kind() int { return int(n.unit[0] & 0x1f) }

// firstOfPicture tells whether a slice is its picture's first: first_mb_in_slice,
// the first element of the slice header (7.3.3), is 0, which ue(v) codes as the
// bit 1. Arbitrary slice order is not supported.
func (n nal) firstOfPicture() bool { return len(n.unit) > 1 && n.unit[1]&0x80 != 0 }

// nals splits a byte stream at its start codes 000001 (annex B.1). A zero byte
// before a start code belongs to it; empty units are left out.
func nals(stream []byte) iter.Seq[nal] {
	return func(yield func(nal) bool) {
		start, body := nextStartCode(stream, 0)
		for start >= 0 {
			next, nextBody := nextStartCode(stream, body)
			end := next
			if next < 0 {
				end = len(stream)
			}
			if end > body && !yield(nal{start: start, end: end, unit: stream[body:end]}) {
				return
			}
			start, body = next, nextBody
		}
	}
}

// nextStartCode finds the first start code at from or after it: where it begins
// and where the unit behind it does. It returns -1 when there is none.
func nextStartCode(stream []byte, from int) (start, body int) {
	i := bytes.Index(stream[from:], []byte{0, 0, 1})
	if i < 0 {
		return -1, -1
	}
	start = from + i
	body = start + 3
	if start > from && stream[start-1] == 0 {
		start--
	}
	return start, body
}

// grouper collects NAL units into access units.
type grouper struct {
	stream []byte
	begin  int  // of the access unit in progress
	open   bool // it has a NAL unit
	slices bool // it has a slice
	idr    bool // it has an IDR slice

	ownSPS   bool   // the access unit has an SPS
	spsBegin int    // where its parameter sets are
	spsEnd   int    //
	params   []byte // parameter sets in force before it
}

// startsUnit tells whether a NAL unit begins the next access unit (7.4.1.2.3):
// once there is a slice, the first of those that cannot follow one, or the
// first slice of another picture.
func (g *grouper) startsUnit(n nal) bool {
	if !g.slices {
		return false
	}
	switch kind := n.kind(); {
	case kind == nalSEI, kind == nalSPS, kind == nalPPS, kind == nalAUD:
		return true
	case kind >= nalPrefix && kind <= nalReserved18:
		return true
	case kind == nalSlice, kind == nalIDR, kind == nalPartitionA:
		return n.firstOfPicture()
	}
	return false
}

// add takes the next NAL unit. It returns the access unit that ended before
// it, if one did.
func (g *grouper) add(n nal) (picture, bool) {
	var p picture
	ended := g.startsUnit(n)
	if ended {
		p = g.finish(n.start)
	}
	if !g.open {
		g.begin, g.open = n.start, true
	}
	switch kind := n.kind(); {
	case kind == nalSPS:
		if !g.ownSPS {
			g.ownSPS, g.spsBegin = true, n.start
		}
		g.spsEnd = n.end
	case kind == nalPPS:
		g.spsEnd = n.end
	case kind == nalIDR:
		g.slices, g.idr = true, true
	case kind >= nalSlice && kind <= nalPartitionC:
		g.slices = true
	}
	return p, ended
}

// finish ends the access unit at a position of the stream. An IDR picture
// without parameter sets of its own gets those in force.
func (g *grouper) finish(end int) picture {
	p := picture{data: g.stream[g.begin:end:end]}
	if g.ownSPS {
		g.params = g.stream[g.spsBegin:g.spsEnd:g.spsEnd]
	} else if g.idr {
		p.params = g.params
	}
	p.key = g.idr && len(g.params) > 0
	*g = grouper{stream: g.stream, params: g.params}
	return p
}

// parseAnnexB indexes an H.264 byte stream whose pictures are gap apart.
func parseAnnexB(stream []byte, gap time.Duration) (*clip, error) {
	first, _ := nextStartCode(stream, 0)
	if first < 0 || len(bytes.Trim(stream[:first], "\x00")) > 0 {
		return nil, errors.New("not an H.264 byte stream: no start code at the beginning")
	}
	c := &clip{codec: formatH264}
	g := &grouper{stream: stream}
	for n := range nals(stream) {
		if p, ok := g.add(n); ok {
			p.gap = gap
			c.pictures = append(c.pictures, p)
		}
		if len(c.pictures) > MaxPictures {
			return nil, errTooManyPictures
		}
	}
	if g.slices {
		p := g.finish(len(stream))
		p.gap = gap
		c.pictures = append(c.pictures, p)
	}
	return c.finishH264()
}

// finishH264 makes an index of access units a clip that can be played.
func (c *clip) finishH264() (*clip, error) {
	if err := c.startAtKey(); err != nil {
		return nil, fmt.Errorf("%w: no IDR picture with SPS and PPS in H.264 stream", err)
	}
	size, err := sizeInSPS(c.pictures[0].payload())
	if err != nil {
		return nil, err
	}
	c.size = size
	return c, nil
}

// sizeInSPS is the size of the pictures after the first SPS of an access unit.
func sizeInSPS(unit []byte) (image.Point, error) {
	for n := range nals(unit) {
		if n.kind() == nalSPS {
			return parseSPS(n.unit)
		}
	}
	return image.Point{}, errors.New("no SPS")
}
