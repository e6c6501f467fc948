package h264

import (
	"errors"
	"fmt"
	"image"
	"slices"
)

// MaxSize is how wide and how high a picture may be, in pixels.
const MaxSize = 4096

var errShortSPS = errors.New("SPS ends too early")

// bitReader reads an RBSP (ITU-T H.264 7.3). After an error all is zero.
type bitReader struct {
	data []byte
	pos  int // bit
	err  error
}

func (r *bitReader) bit() uint32 {
	if r.err == nil && r.pos >= 8*len(r.data) {
		r.err = errShortSPS
	}
	if r.err != nil {
		return 0
	}
	b := r.data[r.pos/8] >> (7 - r.pos%8) & 1
	r.pos++
	return uint32(b)
}

func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// ue reads an Exp-Golomb code (9.1) of at most 31 leading zeros.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.err == nil && r.bit() == 0 {
		zeros++
		if zeros > 31 {
			r.err = errors.New("SPS has an Exp-Golomb code of more than 32 bits")
		}
	}
	if r.err != nil {
		return 0
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se reads a signed Exp-Golomb code (9.1.1).
func (r *bitReader) se() int32 {
	k := r.ue()
	if k%2 == 1 {
		return int32(k/2 + 1)
	}
	return -int32(k / 2)
}

// unescape removes the emulation prevention bytes (7.4.1).
func unescape(unit []byte) []byte {
	out := make([]byte, 0, len(unit))
	zeros := 0
	for _, b := range unit {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}

// maxSPS bounds the work on one SPS. With all its scaling lists it has less
// than a thousand bytes.
const maxSPS = 4096 // bytes

// ParseSPS reads the size of the cropped picture from a sequence parameter set
// NAL unit (7.3.2.1.1).
func ParseSPS(unit []byte) (image.Point, error) {
	r := &bitReader{data: unescape(unit[:min(len(unit), maxSPS)])}
	r.bits(8) // NAL unit header
	profile := r.bits(8)
	r.bits(16) // constraint flags, level
	r.ue()     // seq_parameter_set_id
	chroma := uint32(1)
	if hasChromaFormat(profile) {
		chroma = readChromaFormat(r)
	}
	r.ue() // log2_max_frame_num_minus4
	skipPicOrderCount(r)
	r.ue()    // max_num_ref_frames
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	widthMBs := r.ue()
	heightUnits := r.ue()
	frameOnly := r.bits(1)
	if frameOnly == 0 {
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	r.bits(1) // direct_8x8_inference_flag
	var crop [4]uint32
	if r.bits(1) == 1 {
		for i := range crop {
			crop[i] = r.ue()
		}
	}
	if r.err != nil {
		return image.Point{}, r.err
	}
	return pictureSize(widthMBs, heightUnits, frameOnly, chroma, crop)
}

// hasChromaFormat tells which profile_idc values bring chroma_format_idc.
func hasChromaFormat(profile uint32) bool {
	return slices.Contains([]uint32{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}, profile)
}

func readChromaFormat(r *bitReader) uint32 {
	chroma := r.ue()
	lists := 8
	if chroma == 3 {
		r.bits(1) // separate_colour_plane_flag
		lists = 12
	}
	r.ue()    // bit_depth_luma_minus8
	r.ue()    // bit_depth_chroma_minus8
	r.bits(1) // qpprime_y_zero_transform_bypass_flag
	if r.bits(1) == 1 {
		for i := range lists {
			if r.bits(1) == 1 {
				skipScalingList(r, i)
			}
		}
	}
	return chroma
}

// skipScalingList follows 7.3.2.1.1.1.
func skipScalingList(r *bitReader, index int) {
	size := 16
	if index >= 6 {
		size = 64
	}
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se() + 256) % 256
		}
		if next != 0 {
			last = next
		}
	}
}

func skipPicOrderCount(r *bitReader) {
	switch r.ue() {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1) // delta_pic_order_always_zero_flag
		r.ue()    // offset_for_non_ref_pic
		r.ue()    // offset_for_top_to_bottom_field
		for n := r.ue(); n > 0 && r.err == nil; n-- {
			r.ue() // offset_for_ref_frame
		}
	}
}

// pictureSize follows the semantics of 7.4.2.1.1, equations 7-13 to 7-22.
// crop is left, right, top, bottom in units of chroma samples.
func pictureSize(widthMBs, heightUnits, frameOnly, chroma uint32, crop [4]uint32) (image.Point, error) {
	const maxMBs = MaxSize / 16
	if widthMBs >= maxMBs || heightUnits >= maxMBs {
		return image.Point{}, fmt.Errorf("SPS has pictures bigger than %d × %d", MaxSize, MaxSize)
	}
	unitX, unitY := 1, int(2-frameOnly)
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	for _, c := range crop {
		if c > MaxSize {
			return image.Point{}, errors.New("SPS crops the whole picture")
		}
	}
	size := image.Pt(
		16*int(widthMBs+1)-unitX*int(crop[0]+crop[1]),
		16*int(heightUnits+1)*int(2-frameOnly)-unitY*int(crop[2]+crop[3]),
	)
	if size.X < 1 || size.Y < 1 {
		return image.Point{}, errors.New("SPS crops the whole picture")
	}
	return size, nil
}

// SizeIn is the size of the pictures after the first SPS of an access unit.
func SizeIn(unit []byte) (image.Point, error) {
	for n := range NALs(unit) {
		if n.Kind() == SPS {
			return ParseSPS(n.Unit)
		}
	}
	return image.Point{}, errors.New("no SPS")
}
