package h264

import "slices"

// Summary is what an access unit has before its first slice ends.
type Summary struct {
	IDR  bool // an instantaneous decoding refresh: decoding can start here
	SPS  bool // brings a sequence parameter set of its own
	Size int  // bytes before the first slice
}

// Summarize looks at an access unit up to its first slice, without searching
// the pictures' data for start codes. params is the part with the parameter
// sets, nil without any.
func Summarize(unit []byte) (s Summary, params []byte) {
	begin := -1
	for n := range NALs(unit) {
		switch kind := n.Kind(); {
		case kind == SPS && begin < 0:
			s.SPS, begin = true, n.Start
		case kind == IDR || kind >= Slice && kind <= PartitionC:
			s.IDR, s.Size = kind == IDR, n.Start
			if begin >= 0 {
				params = unit[begin:n.Start:n.Start]
			}
			return s, params
		}
	}
	if begin >= 0 {
		params = unit[begin:]
	}
	return s, params
}

// Repeater puts parameter sets in front of IDR pictures that come without: a
// camera that sends them once leaves everybody who joins later without a
// picture.
type Repeater struct{ params []byte }

// Add returns an access unit as it is to be sent, and whether decoding can
// start there. A unit that already is complete is returned as it is, not
// copied.
func (r *Repeater) Add(unit []byte) (out []byte, key bool) {
	s, params := Summarize(unit)
	if s.SPS {
		r.params = slices.Clone(params)
		return unit, s.IDR
	}
	if !s.IDR || len(r.params) == 0 {
		return unit, false
	}
	return slices.Concat(r.params, unit), true
}

// maxUnit bounds an access unit that never ends, in bytes.
const maxUnit = 4 << 20

// Splitter cuts a byte stream into access units (7.4.1.2.3). A unit is known to
// have ended when the next one begins.
type Splitter struct {
	buf   []byte
	slice bool // buf has a slice before checked
	check int  // where to look for the next NAL unit
}

// Write takes the next bytes of the stream and returns the access units that
// they complete. What cannot be a picture, because it never ends, is dropped.
func (s *Splitter) Write(p []byte) (units [][]byte) {
	s.buf = append(s.buf, p...)
	for {
		unit, ok := s.next()
		if !ok {
			break
		}
		units = append(units, unit)
	}
	if len(s.buf) > maxUnit {
		*s = Splitter{}
	}
	return units
}

// next cuts off the first access unit, once it is known to be complete.
func (s *Splitter) next() ([]byte, bool) {
	for {
		start, body := NextStartCode(s.buf, s.check)
		if start < 0 || body+2 > len(s.buf) { // header and the first bits of a slice
			s.check = max(s.check, len(s.buf)-4)
			if start >= 0 {
				s.check = start
			}
			return nil, false
		}
		n := NAL{Start: start, Unit: s.buf[body : body+2]}
		if s.slice && StartsUnit(n) {
			unit := slices.Clone(s.buf[:start])
			s.buf = append(s.buf[:0], s.buf[start:]...)
			s.slice, s.check = false, 0
			return unit, true
		}
		if kind := n.Kind(); kind == IDR || kind >= Slice && kind <= PartitionC {
			s.slice = true
		}
		s.check = body
	}
}
