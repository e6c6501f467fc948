// Package uvc controls the H.264 encoder inside a USB camera: the extension
// unit of "USB Device Class Definition for Video Devices: H.264 Payload".
//
// Descriptors and answers come from a device that anybody may have plugged in.
// The package guarantees that any bytes give a unit or none.
package uvc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// guid is a29e7641-de04-47e3-8b2b-f4341aff003b as descriptors spell it.
var guid = [16]byte{0x41, 0x76, 0x9e, 0xa2, 0x04, 0xde, 0xe3, 0x47, 0x8b, 0x2b, 0xf4, 0x34, 0x1a, 0xff, 0x00, 0x3b}

// Descriptor types of the UVC specification 1.5, appendix A.4 and A.5.
const (
	interfaceSpecific = 0x24 // CS_INTERFACE
	extensionUnit     = 0x06 // VC_EXTENSION_UNIT
)

// Control selectors and picture types of the H.264 payload specification.
const (
	pictureType   = 0x09 // UVCX_PICTURE_TYPE_CONTROL
	bitrateLayers = 0x0e // UVCX_BITRATE_LAYERS
	idrWithParams = 2    // IDR picture with new SPS and PPS
)

// maxBitRate is what fits the control, in bit/s.
const maxBitRate = 1<<31 - 1

// errNoUnit is the answer of a camera without the unit.
var errNoUnit = errors.New("the camera has no H.264 extension unit")

// Unit finds the H.264 extension unit in a device's descriptors, as sysfs has
// them, and returns its id.
func Unit(descriptors []byte) (id uint8, ok bool) {
	for d := descriptors; len(d) >= 2; {
		n := int(d[0])
		if n < 2 || n > len(d) {
			return 0, false
		}
		if n >= 20 && d[1] == interfaceSpecific && d[2] == extensionUnit && [16]byte(d[4:20]) == guid {
			return d[3], true
		}
		d = d[n:]
	}
	return 0, false
}

// Querier asks an extension unit (v4l2.Device).
type Querier interface {
	UVCQuery(unit, selector, query uint8, data []byte) error
}

// Encoder is the encoder inside a camera. The zero value has no unit and
// refuses everything.
type Encoder struct {
	camera Querier
	unit   uint8
}

// New controls the encoder of an open camera by a unit that [Unit] found.
func New(camera Querier, unit uint8) Encoder { return Encoder{camera: camera, unit: unit} }

// ForceKeyFrame asks for an IDR picture with parameter sets.
func (e Encoder) ForceKeyFrame() error {
	data := make([]byte, 4) // wLayerID, wPicType
	binary.LittleEndian.PutUint16(data[2:], idrWithParams)
	return e.set("force key frame", pictureType, data)
}

// SetBitRate asks for a mean bitrate in bit/s, with a peak of a quarter more.
func (e Encoder) SetBitRate(bps int) error {
	if bps < 1 || bps > maxBitRate {
		return fmt.Errorf("set bitrate: %d bit/s is out of range", bps)
	}
	data := make([]byte, 10) // wLayerID, dwPeakBitrate, dwAverageBitrate
	binary.LittleEndian.PutUint32(data[2:], uint32(bps)+uint32(bps)/4)
	binary.LittleEndian.PutUint32(data[6:], uint32(bps))
	return e.set("set bitrate", bitrateLayers, data)
}

// set asks for the length of a control before it is written, as the kernel
// wants it.
func (e Encoder) set(what string, selector uint8, data []byte) error {
	if e.camera == nil {
		return fmt.Errorf("%s: %w", what, errNoUnit)
	}
	length := make([]byte, 2)
	if err := e.camera.UVCQuery(e.unit, selector, uapi.UVC_GET_LEN, length); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n := int(binary.LittleEndian.Uint16(length)); n != len(data) {
		return fmt.Errorf("%s: the camera's control has %d bytes, want %d", what, n, len(data))
	}
	if err := e.camera.UVCQuery(e.unit, selector, uapi.UVC_SET_CUR, data); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
