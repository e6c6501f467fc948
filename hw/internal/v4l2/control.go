package v4l2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// ControlID names a control (V4L2_CID_* in package uapi).
type ControlID uint32

// Controls that cameras of boards have.
const (
	ControlBrightness       ControlID = uapi.V4L2_CID_BRIGHTNESS
	ControlHFlip            ControlID = uapi.V4L2_CID_HFLIP
	ControlVFlip            ControlID = uapi.V4L2_CID_VFLIP
	ControlRotate           ControlID = uapi.V4L2_CID_ROTATE               // degrees
	ControlPowerLine        ControlID = uapi.V4L2_CID_POWER_LINE_FREQUENCY // menu, uapi.V4L2_CID_POWER_LINE_FREQUENCY_*
	ControlExposureAuto     ControlID = uapi.V4L2_CID_EXPOSURE_AUTO        // menu, uapi.V4L2_EXPOSURE_*
	ControlExposureAbsolute ControlID = uapi.V4L2_CID_EXPOSURE_ABSOLUTE    // 100 µs
	ControlBitrate          ControlID = uapi.V4L2_CID_MPEG_VIDEO_BITRATE   // bit/s
	ControlForceKeyFrame    ControlID = uapi.V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME
	ControlIPeriod          ControlID = uapi.V4L2_CID_MPEG_VIDEO_H264_I_PERIOD // frames
	ControlRepeatHeaders    ControlID = uapi.V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER
)

// ControlType tells what a control's values mean.
type ControlType uint32

// Types of controls.
const (
	TypeInteger     ControlType = uapi.V4L2_CTRL_TYPE_INTEGER
	TypeBoolean     ControlType = uapi.V4L2_CTRL_TYPE_BOOLEAN
	TypeMenu        ControlType = uapi.V4L2_CTRL_TYPE_MENU
	TypeButton      ControlType = uapi.V4L2_CTRL_TYPE_BUTTON
	TypeInteger64   ControlType = uapi.V4L2_CTRL_TYPE_INTEGER64
	TypeClass       ControlType = uapi.V4L2_CTRL_TYPE_CTRL_CLASS
	TypeIntegerMenu ControlType = uapi.V4L2_CTRL_TYPE_INTEGER_MENU
)

// ControlInfo is what a driver says about a control.
type ControlInfo struct {
	ID       ControlID
	Name     string
	Type     ControlType
	Min, Max int64
	Step     int64
	Default  int64
	ReadOnly bool
	// Inactive controls take a value that has no effect now, like the exposure
	// time while the exposure is automatic.
	Inactive bool
}

// Clamp is the value of the control's range that is nearest to v, rounded down
// to a step.
func (c ControlInfo) Clamp(v int64) int64 {
	v = min(max(v, c.Min), c.Max)
	if c.Step > 1 {
		v -= (v - c.Min) % c.Step
	}
	return v
}

// MenuItem is an entry of a menu control.
type MenuItem struct {
	Value int64  // what the control is set to
	Name  string // of a TypeMenu
	Int   int64  // of a TypeIntegerMenu
}

// Controls lists the device's controls, without class headings and disabled
// ones.
func (d *Device) Controls() ([]ControlInfo, error) {
	var out []ControlInfo
	next := uint32(0)
	for range maxListed {
		q, err := d.queryControl(next | uapi.V4L2_CTRL_FLAG_NEXT_CTRL)
		switch {
		case errors.Is(err, ErrNoControl):
			return out, nil
		case err != nil:
			return nil, d.fail("list controls of", err)
		case q.ID <= next:
			return nil, d.fail("list controls of", errTooMany)
		}
		next = q.ID
		if q.Flags&uapi.V4L2_CTRL_FLAG_DISABLED == 0 && q.Type != uapi.V4L2_CTRL_TYPE_CTRL_CLASS {
			out = append(out, controlInfo(q))
		}
	}
	return nil, d.fail("list controls of", errTooMany)
}

// Control describes one control; the error is [ErrNoControl] when the device
// does not have it.
func (d *Device) Control(id ControlID) (ControlInfo, error) {
	q, err := d.queryControl(uint32(id))
	if err == nil && q.Flags&uapi.V4L2_CTRL_FLAG_DISABLED != 0 {
		err = ErrNoControl
	}
	if err != nil {
		return ControlInfo{}, d.fail(fmt.Sprintf("ask control %#x of", uint32(id)), err)
	}
	return controlInfo(q), nil
}

// queryControl asks in 64 bits, or as drivers without the control framework
// know it, in 32.
func (d *Device) queryControl(id uint32) (uapi.QueryExtCtrl, error) {
	q := uapi.QueryExtCtrl{ID: id}
	err := d.ioctl(uapi.VIDIOC_QUERY_EXT_CTRL, unsafe.Pointer(&q))
	if errors.Is(err, syscall.ENOTTY) {
		old := uapi.QueryCtrl{ID: id}
		err = d.ioctl(uapi.VIDIOC_QUERYCTRL, unsafe.Pointer(&old))
		q = uapi.QueryExtCtrl{
			ID: old.ID, Type: old.Type, Name: old.Name, Minimum: int64(old.Minimum), Maximum: int64(old.Maximum),
			Step: uint64(old.Step), DefaultValue: int64(old.DefaultValue), Flags: old.Flags,
		}
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTTY) {
		err = ErrNoControl
	}
	return q, err
}

func controlInfo(q uapi.QueryExtCtrl) ControlInfo {
	return ControlInfo{
		ID: ControlID(q.ID), Name: text(q.Name[:]), Type: ControlType(q.Type),
		Min: q.Minimum, Max: q.Maximum, Step: int64(q.Step), Default: q.DefaultValue,
		ReadOnly: q.Flags&uapi.V4L2_CTRL_FLAG_READ_ONLY != 0,
		Inactive: q.Flags&uapi.V4L2_CTRL_FLAG_INACTIVE != 0,
	}
}

// Menu lists the entries of a menu control; drivers leave some out.
func (d *Device) Menu(c ControlInfo) ([]MenuItem, error) {
	var out []MenuItem
	for v := max(c.Min, 0); v <= min(c.Max, maxListed); v++ {
		m := uapi.QueryMenu{ID: uint32(c.ID), Index: uint32(v)}
		err := d.ioctl(uapi.VIDIOC_QUERYMENU, unsafe.Pointer(&m))
		switch {
		case errors.Is(err, syscall.EINVAL):
			continue
		case err != nil:
			return nil, d.fail(fmt.Sprintf("list menu %#x of", uint32(c.ID)), err)
		}
		item := MenuItem{Value: v}
		if c.Type == TypeIntegerMenu {
			item.Int = int64(binary.NativeEndian.Uint64(m.Name[:]))
		} else {
			item.Name = text(m.Name[:])
		}
		out = append(out, item)
	}
	return out, nil
}

// GetControl reads a control of at most 32 bits.
func (d *Device) GetControl(id ControlID) (int32, error) {
	c := uapi.Control{ID: uint32(id)}
	if err := d.ioctl(uapi.VIDIOC_G_CTRL, unsafe.Pointer(&c)); err != nil {
		return 0, d.fail(fmt.Sprintf("read control %#x of", uint32(id)), missing(err))
	}
	return c.Value, nil
}

// SetControl sets a control of at most 32 bits. The error is [ErrNoControl] when
// the device does not have it, ERANGE when the value is out of its range.
func (d *Device) SetControl(id ControlID, value int32) error {
	c := uapi.Control{ID: uint32(id), Value: value}
	if err := d.ioctl(uapi.VIDIOC_S_CTRL, unsafe.Pointer(&c)); err != nil {
		return d.fail(fmt.Sprintf("set control %#x to %d of", uint32(id), value), missing(err))
	}
	return nil
}

// missing turns how drivers say that there is no such control into the one
// error.
func missing(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTTY) {
		return fmt.Errorf("%w: %w", ErrNoControl, err)
	}
	return err
}

// UVCQuery asks a UVC camera's extension unit: query is one of uapi.UVC_*, data
// is sent by UVC_SET_CUR and filled by the others. Its length has to be what
// UVC_GET_LEN tells. The error is ENOENT for an unknown unit or selector.
func (d *Device) UVCQuery(unit, selector, query uint8, data []byte) error {
	if len(data) == 0 || len(data) > 1<<16-1 {
		return d.fail("query extension unit of", syscall.EINVAL)
	}
	q := uapi.UVCXUControlQuery{Unit: unit, Selector: selector, Query: query, Size: uint16(len(data)), Data: unsafe.Pointer(&data[0])}
	if err := d.ioctl(uapi.UVCIOC_CTRL_QUERY, unsafe.Pointer(&q)); err != nil {
		return d.fail(fmt.Sprintf("query extension unit %d, control %d of", unit, selector), err)
	}
	return nil
}
