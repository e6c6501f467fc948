package camera

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
)

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

// add takes the next NAL unit. It returns the access unit that ended before
// it, if one did.
func (g *grouper) add(n h264.NAL) (picture, bool) {
	var p picture
	ended := g.slices && h264.StartsUnit(n)
	if ended {
		p = g.finish(n.Start)
	}
	if !g.open {
		g.begin, g.open = n.Start, true
	}
	switch kind := n.Kind(); {
	case kind == h264.SPS:
		if !g.ownSPS {
			g.ownSPS, g.spsBegin = true, n.Start
		}
		g.spsEnd = n.End
	case kind == h264.PPS:
		g.spsEnd = n.End
	case kind == h264.IDR:
		g.slices, g.idr = true, true
	case kind >= h264.Slice && kind <= h264.PartitionC:
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
	first, _ := h264.NextStartCode(stream, 0)
	if first < 0 || len(bytes.Trim(stream[:first], "\x00")) > 0 {
		return nil, errors.New("not an H.264 byte stream: no start code at the beginning")
	}
	c := &clip{codec: formatH264}
	g := &grouper{stream: stream}
	for n := range h264.NALs(stream) {
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
	size, err := h264.SizeIn(c.pictures[0].payload())
	if err != nil {
		return nil, err
	}
	c.size = size
	return c, nil
}
