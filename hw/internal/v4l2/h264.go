package v4l2

import "bytes"

// NAL unit types (ITU-T H.264 table 7-1).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
)

// scanLimit bounds how far NAL units are looked for: parameter sets come first
// and are small.
const scanLimit = 1024

// nalTypes lists the types of the NAL units that begin within scanLimit bytes of
// an access unit in Annex-B format, up to the first slice.
func nalTypes(data []byte) []byte {
	var types []byte
	data = data[:min(len(data), scanLimit)]
	for {
		i := bytes.Index(data, []byte{0, 0, 1})
		if i < 0 || i+3 >= len(data) {
			return types
		}
		kind := data[i+3] & 0x1f
		types = append(types, kind)
		if kind >= nalSlice && kind <= nalIDR {
			return types
		}
		data = data[i+3:]
	}
}

// onlyParameterSets reports whether data carries no picture, as the first buffer
// of drivers that deliver headers by themselves.
func onlyParameterSets(data []byte) bool {
	if len(data) > scanLimit {
		return false
	}
	types := nalTypes(data)
	last := byte(0)
	if len(types) > 0 {
		last = types[len(types)-1]
	}
	return bytes.IndexByte(types, nalSPS) >= 0 && last > nalIDR
}

// withHeaders copies an access unit, and puts the parameter sets seen last
// before a key frame that comes without.
func (e *Encoder) withHeaders(data []byte, key bool) []byte {
	if !key || e.cfg.Output != H264 {
		return append([]byte(nil), data...)
	}
	if sets := parameterSets(data); sets != nil {
		e.headers = append([]byte(nil), sets...)
		return append([]byte(nil), data...)
	}
	return append(append(make([]byte, 0, len(e.headers)+len(data)), e.headers...), data...)
}

// parameterSets is what stands before the first slice of an access unit, or nil
// when there is no sequence parameter set.
func parameterSets(data []byte) []byte {
	head := data[:min(len(data), scanLimit)]
	for at, found := 0, false; ; {
		i := bytes.Index(head[at:], []byte{0, 0, 1})
		if i < 0 || at+i+3 >= len(head) {
			return nil
		}
		begin := at + i
		kind := head[begin+3] & 0x1f
		if kind >= nalSlice && kind <= nalIDR {
			if !found {
				return nil
			}
			if head[begin-1] == 0 { // of a start code of four bytes
				begin--
			}
			return head[:begin]
		}
		found = found || kind == nalSPS
		at = begin + 3
	}
}
