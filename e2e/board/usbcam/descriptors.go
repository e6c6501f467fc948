package main

import (
	"encoding/binary"
	"slices"
)

// maxPayload is the largest payload of a transfer, header included
// (dwMaxPayloadTransferSize).
const maxPayload = 16384

// format is a kind of frames. The stream's descriptors number those that a
// camera has from 1.
type format int

// The formats.
const (
	formatH264 format = iota
	formatJPEG
)

// Descriptor types: USB 2.0 table 9-5, the interface association ECN, UVC 1.1
// table A-4.
const (
	descDevice         = 1
	descConfiguration  = 2
	descString         = 3
	descInterface      = 4
	descEndpoint       = 5
	descQualifier      = 6
	descAssociation    = 0x0b
	descClassInterface = 0x24
)

// Subtypes of class-specific descriptors (UVC 1.1 tables ).
const (
	vcHeader         = 1
	vcInputTerminal  = 2
	vcOutputTerminal = 3

	vsInputHeader     = 0x01
	vsFormatMJPEG     = 0x06
	vsFrameMJPEG      = 0x07
	vsColorFormat     = 0x0d
	vsFormatFrameBase = 0x10
	vsFrameFrameBase  = 0x11
)

// endpointIn is the address of the bulk endpoint.
const endpointIn = 0x81

// descriptor puts length and type before fields.
func descriptor(kind byte, fields ...[]byte) []byte {
	body := slices.Concat(fields...)
	return append([]byte{byte(len(body) + 2), kind}, body...)
}

func u8(v ...byte) []byte    { return v }
func u16(v int) []byte       { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
func u32(v int) []byte       { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
func interval(fps int) int   { return 10_000_000 / fps } // in 100 ns
func text(s string) []byte   { return descriptor(descString, utf16le(s)) }
func frameSize(w, h int) int { return w * h * 2 } // bytes that a frame surely fits in

func utf16le(s string) []byte {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return b
}

// deviceDescriptor is that of a composite device with interface associations.
func deviceDescriptor() []byte {
	return descriptor(descDevice, u16(0x0200), u8(0xef, 2, 1, 64),
		u16(0x1d6b), u16(0x0102), u16(0x0100), u8(1, 2, 3, 1))
}

// qualifier is what a device says about itself at the other speed.
func qualifier() []byte {
	return descriptor(descQualifier, u16(0x0200), u8(0xef, 2, 1, 64, 1, 0))
}

// stringDescriptor is the language list, the maker, the product or the serial
// number.
func stringDescriptor(index byte) []byte {
	switch index {
	case 0:
		return descriptor(descString, u16(0x0409))
	case 1:
		return text("Intercom")
	case 2:
		return text("Board Camera")
	default:
		return text("0001")
	}
}

// configuration describes a control interface with camera and output terminal,
// and a streaming interface with formats of one frame size each.
func configuration(width, height, fps int, formats []format) []byte {
	terminals := slices.Concat(
		descriptor(descClassInterface, u8(vcInputTerminal, 1), u16(0x0201), u8(0, 0), make([]byte, 6), u8(3, 0, 0, 0)),
		descriptor(descClassInterface, u8(vcOutputTerminal, 3), u16(0x0101), u8(0, 1, 0)))
	control := descriptor(descClassInterface, u8(vcHeader), u16(0x0100), u16(13+len(terminals)), u32(48_000_000), u8(1, 1))
	var streams []byte
	for i, f := range formats {
		streams = append(streams, describeFormat(f, byte(i+1), width, height, fps)...)
	}
	controls := make([]byte, len(formats)) // a byte for each format: none
	header := descriptor(descClassInterface, u8(vsInputHeader, byte(len(formats))), u16(13+len(controls)+len(streams)),
		u8(endpointIn, 0, 3, 0, 0, 0, 1), controls)
	body := slices.Concat(
		descriptor(descAssociation, u8(0, 2, 0x0e, 3, 0, 0)),
		descriptor(descInterface, u8(0, 0, 0, 0x0e, 1, 0, 0)), control, terminals,
		descriptor(descInterface, u8(1, 0, 1, 0x0e, 2, 0, 0)), header, streams,
		descriptor(descEndpoint, u8(endpointIn, 2), u16(512), u8(0)))
	return append(descriptor(descConfiguration, u16(9+len(body)), u8(2, 1, 0, 0x80, 250)), body...)
}

// describeFormat is the descriptors of a format and its frame size.
func describeFormat(f format, number byte, width, height, fps int) []byte {
	every := u32(interval(fps))
	size := slices.Concat(u16(width), u16(height))
	if f == formatJPEG {
		return slices.Concat(
			descriptor(descClassInterface, u8(vsFormatMJPEG, number, 1, 1, 1, 0, 0, 0, 0)),
			descriptor(descClassInterface, u8(vsFrameMJPEG, 1, 0), size, u32(1_000_000), u32(40_000_000),
				u32(frameSize(width, height)), every, u8(1), every),
			descriptor(descClassInterface, u8(vsColorFormat, 1, 1, 4)))
	}
	guid := append([]byte("H264"), 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71)
	return slices.Concat(
		descriptor(descClassInterface, u8(vsFormatFrameBase, number, 1), guid, u8(16, 1, 0, 0, 0, 0, 1)),
		descriptor(descClassInterface, u8(vsFrameFrameBase, 1, 0), size, u32(100_000), u32(4_000_000),
			every, u8(1), u32(0), every))
}

// probeLength is the length of the probe and commit block of UVC 1.0.
const probeLength = 26

// probe is the block's first value (UVC 1.1 table 4-47): the first format.
func probe(width, height, fps int) []byte {
	return slices.Concat(u16(0), u8(1, 1), u32(interval(fps)), make([]byte, 10),
		u32(frameSize(width, height)), u32(maxPayload))
}
