package v4l2test

import (
	"slices"
	"syscall"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// controlIoctl answers what is about controls.
func (n *node) controlIoctl(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case uapi.VIDIOC_QUERYCTRL:
		return n.queryOld((*uapi.QueryCtrl)(arg))
	case uapi.VIDIOC_QUERY_EXT_CTRL:
		if n.dev.opts.OldControls {
			return syscall.ENOTTY
		}
		return n.query((*uapi.QueryExtCtrl)(arg))
	case uapi.VIDIOC_QUERYMENU:
		return n.menu((*uapi.QueryMenu)(arg))
	case uapi.UVCIOC_CTRL_QUERY:
		return n.unit((*uapi.UVCXUControlQuery)(arg))
	}
	return n.value((*uapi.Control)(arg), request == uapi.VIDIOC_S_CTRL)
}

// query is VIDIOC_QUERY_EXT_CTRL, with the flag that walks.
func (n *node) query(q *uapi.QueryExtCtrl) error {
	id := v4l2.ControlID(q.ID &^ uapi.V4L2_CTRL_FLAG_NEXT_CTRL)
	c := n.dev.control(id)
	if q.ID&uapi.V4L2_CTRL_FLAG_NEXT_CTRL != 0 {
		c = n.after(id)
	}
	if c == nil {
		return syscall.EINVAL
	}
	*q = uapi.QueryExtCtrl{
		ID: uint32(c.ID), Type: uint32(c.Type), Minimum: int64(c.Min), Maximum: int64(c.Max),
		Step: uint64(max(c.Step, 1)), DefaultValue: int64(c.Value), ElemSize: 4, Elems: 1,
	}
	if c.WriteOnly {
		q.Flags = uapi.V4L2_CTRL_FLAG_WRITE_ONLY
	}
	copy(q.Name[:], c.Name)
	return nil
}

// after is the control with the next higher number.
func (n *node) after(id v4l2.ControlID) *Control {
	var next *Control
	for i := range n.dev.controls {
		c := &n.dev.controls[i]
		if c.ID > id && (next == nil || c.ID < next.ID) && n.dev.control(c.ID) != nil {
			next = c
		}
	}
	return next
}

func (n *node) queryOld(q *uapi.QueryCtrl) error {
	e := uapi.QueryExtCtrl{ID: q.ID}
	if err := n.query(&e); err != nil {
		return err
	}
	*q = uapi.QueryCtrl{
		ID: e.ID, Type: e.Type, Name: e.Name, Minimum: int32(e.Minimum), Maximum: int32(e.Maximum),
		Step: int32(e.Step), DefaultValue: int32(e.DefaultValue), Flags: e.Flags,
	}
	return nil
}

func (n *node) menu(m *uapi.QueryMenu) error {
	c := n.dev.control(v4l2.ControlID(m.ID))
	if c == nil || int(m.Index) >= len(c.Menu) || c.Menu[m.Index] == "" {
		return syscall.EINVAL
	}
	copy(m.Name[:], c.Menu[m.Index])
	return nil
}

// value is VIDIOC_G_CTRL and VIDIOC_S_CTRL.
func (n *node) value(v *uapi.Control, set bool) error {
	id := v4l2.ControlID(v.ID)
	c := n.dev.control(id)
	switch {
	case c == nil:
		return syscall.EINVAL
	case !set && c.WriteOnly:
		return syscall.EACCES
	case !set:
		v.Value = n.controls[id]
		return nil
	case c.Type != v4l2.TypeButton && (v.Value < c.Min || v.Value > c.Max):
		return syscall.ERANGE
	}
	n.dev.sets = append(n.dev.sets, id)
	n.dev.last[id] = v.Value
	n.controls[id] = v.Value
	if id == v4l2.ControlForceKeyFrame {
		n.codec.force = true
	}
	return nil
}

// unit is UVCIOC_CTRL_QUERY.
func (n *node) unit(q *uapi.UVCXUControlQuery) error {
	if n.dev.isCodec() {
		return syscall.ENOTTY
	}
	key := [2]uint8{q.Unit, q.Selector}
	value, ok := n.dev.units[key]
	if !ok {
		return syscall.ENOENT
	}
	data := unsafe.Slice((*byte)(q.Data), q.Size)
	switch {
	case q.Query == uapi.UVC_GET_LEN && len(data) == 2:
		data[0], data[1] = byte(len(value)), byte(len(value)>>8)
	case len(data) != len(value):
		return syscall.ENOBUFS
	case q.Query == uapi.UVC_SET_CUR:
		n.dev.units[key] = slices.Clone(data)
	case q.Query == uapi.UVC_GET_CUR:
		copy(data, value)
	default:
		return syscall.EBADRQC
	}
	return nil
}
