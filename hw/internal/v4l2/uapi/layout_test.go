package uapi

import (
	"fmt"
	"reflect"
	"strings"
)

// structs pairs every structure with its C type and the C names of its fields,
// in order, without padding; a dot goes into a union.
func structs() []struct {
	c      string
	value  any
	fields string
} {
	return []struct {
		c      string
		value  any
		fields string
	}{
		{"struct v4l2_capability", Capability{}, "driver card bus_info version capabilities device_caps"},
		{"struct v4l2_fmtdesc", FmtDesc{}, "index type flags description pixelformat mbus_code"},
		{"struct v4l2_pix_format", PixFormat{}, "width height pixelformat field bytesperline sizeimage colorspace priv flags ycbcr_enc quantization xfer_func"},
		{"struct v4l2_plane_pix_format", PlanePixFormat{}, "sizeimage bytesperline"},
		{"struct v4l2_pix_format_mplane", PixFormatMPlane{}, "width height pixelformat field colorspace plane_fmt num_planes flags ycbcr_enc quantization xfer_func"},
		{"struct v4l2_format", Format{}, "type fmt"},
		{"struct v4l2_frmsize_stepwise", FrmSizeStepwise{}, "min_width max_width step_width min_height max_height step_height"},
		{"struct v4l2_frmsize_discrete", FrmSizeDiscrete{}, "width height"},
		{"struct v4l2_frmsizeenum", FrmSizeEnum{}, "index pixel_format type stepwise"},
		{"struct v4l2_fract", Fract{}, "numerator denominator"},
		{"struct v4l2_frmivalenum", FrmIvalEnum{}, "index pixel_format width height type stepwise.min stepwise.max stepwise.step"},
		{"struct v4l2_streamparm", StreamParm{}, "type parm.capture.capability parm.capture.capturemode parm.capture.timeperframe parm.capture.extendedmode parm.capture.readbuffers"},
		{"struct v4l2_rect", Rect{}, "left top width height"},
		{"struct v4l2_selection", Selection{}, "type target flags r"},
		{"struct v4l2_requestbuffers", RequestBuffers{}, "count type memory capabilities flags"},
		{"struct timeval", Timeval{}, "tv_sec tv_usec"},
		{"struct v4l2_buffer", Buffer{}, "index type bytesused flags field timestamp timecode sequence memory m.planes length request_fd"},
		{"struct v4l2_buffer", BufferWord{}, "index type bytesused flags field timestamp timecode sequence memory m.offset length request_fd"},
		{"struct v4l2_plane", Plane{}, "bytesused length m.mem_offset data_offset"},
		{"struct v4l2_exportbuffer", ExportBuffer{}, "type index plane flags fd"},
		{"struct dma_buf_sync", DMABufSync{}, "flags"},
		{"struct v4l2_control", Control{}, "id value"},
		{"struct v4l2_queryctrl", QueryCtrl{}, "id type name minimum maximum step default_value flags"},
		{"struct v4l2_query_ext_ctrl", QueryExtCtrl{}, "id type name minimum maximum step default_value flags elem_size elems nr_of_dims dims"},
		{"struct v4l2_querymenu", QueryMenu{}, "id index name"},
		{"struct timespec", Timespec{}, "tv_sec tv_nsec"},
		{"struct v4l2_event", Event{}, "type u pending sequence timestamp id"},
		{"struct v4l2_event_subscription", EventSubscription{}, "type id flags"},
		{"struct v4l2_encoder_cmd", EncoderCmd{}, "cmd flags raw"},
		{"struct v4l2_decoder_cmd", DecoderCmd{}, "cmd flags raw"},
		{"struct uvc_xu_control_query", UVCXUControlQuery{}, "unit selector query size data"},
	}
}

// layout lists what Go makes of the structures and constants, and the C
// expressions whose values have to be the same.
func layout() (expressions []string, values []uint64) {
	add := func(expression string, value uint64) {
		expressions, values = append(expressions, expression), append(values, value)
	}
	for _, s := range structs() {
		t := reflect.TypeOf(s.value)
		add(fmt.Sprintf("sizeof(%s)", s.c), uint64(t.Size()))
		names := strings.Fields(s.fields)
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" {
				continue
			}
			if len(names) == 0 {
				panic("no C name for " + t.Name() + "." + f.Name)
			}
			add(fmt.Sprintf("offsetof(%s, %s)", s.c, names[0]), uint64(f.Offset))
			add(fmt.Sprintf("sizeof(((%s *)0)->%s)", s.c, sized(names[0])), uint64(f.Type.Size()))
			names = names[1:]
		}
		if len(names) != 0 {
			panic("no Go field for " + s.c + "." + names[0])
		}
	}
	for _, c := range constants() {
		add("(unsigned long long)(unsigned)"+c.name, c.value)
	}
	return expressions, values
}

// sized names the member whose size is compared: an mmap offset shares a union
// with a word, which is what Go has there.
func sized(field string) string {
	switch field {
	case "m.offset":
		return "m.userptr"
	case "m.mem_offset":
		return "m.userptr"
	}
	return field
}

// constant is a number that has the kernel's name.
type constant struct {
	name  string
	value uint64
}
