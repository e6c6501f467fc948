package h264

import (
	"bytes"
	"iter"
)

// NAL unit types (ITU-T H.264 table 7-1).
const (
	Slice      = 1
	PartitionA = 2
	PartitionC = 4
	IDR        = 5
	SEI        = 6
	SPS        = 7
	PPS        = 8
	AUD        = 9
	Prefix     = 14
	Reserved18 = 18
)

// NAL is a NAL unit inside a byte stream.
type NAL struct {
	Start int    // of its start code
	End   int    // of its bytes, where the next start code begins
	Unit  []byte // header and payload, not empty
}

// Kind is the nal_unit_type.
func (n NAL) Kind() int { return int(n.Unit[0] & 0x1f) }

// FirstOfPicture tells whether a slice is its picture's first: first_mb_in_slice,
// the first element of the slice header (7.3.3), is 0, which ue(v) codes as the
// bit 1. Arbitrary slice order is not supported.
func (n NAL) FirstOfPicture() bool { return len(n.Unit) > 1 && n.Unit[1]&0x80 != 0 }

// NALs splits a byte stream at its start codes 000001 (annex B.1). A zero byte
// before a start code belongs to it; empty units are left out.
func NALs(stream []byte) iter.Seq[NAL] {
	return func(yield func(NAL) bool) {
		start, body := NextStartCode(stream, 0)
		for start >= 0 {
			next, nextBody := NextStartCode(stream, body)
			end := next
			if next < 0 {
				end = len(stream)
			}
			if end > body && !yield(NAL{Start: start, End: end, Unit: stream[body:end]}) {
				return
			}
			start, body = next, nextBody
		}
	}
}

// NextStartCode finds the first start code at from or after it: where it begins
// and where the unit behind it does. It returns -1 when there is none.
func NextStartCode(stream []byte, from int) (start, body int) {
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

// StartsUnit tells whether a NAL unit that follows a slice begins the next
// access unit (7.4.1.2.3): it is one of those that cannot follow a slice of
// their own picture, or the first slice of another.
func StartsUnit(n NAL) bool {
	switch kind := n.Kind(); {
	case kind == SEI, kind == SPS, kind == PPS, kind == AUD:
		return true
	case kind >= Prefix && kind <= Reserved18:
		return true
	case kind == Slice, kind == IDR, kind == PartitionA:
		return n.FirstOfPicture()
	}
	return false
}
