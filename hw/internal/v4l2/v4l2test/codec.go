package v4l2test

import (
	"fmt"
	"hash/crc32"
	"strings"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// CodecConfig describes a simulated encoder or decoder.
type CodecConfig struct {
	Options
	// Raw are the raw formats; none means YU12, NV12 and YUYV.
	Raw []v4l2.FourCC
	// Coded is the compressed format; 0 means H264 for an encoder, MJPG for a
	// decoder.
	Coded v4l2.FourCC
	// Align is what heights are rounded up to; 0 means 16. StrideAlign is the
	// same of strides in bytes; 0 means 32.
	Align, StrideAlign int
	// Latency is how long a frame takes.
	Latency time.Duration
	// HeadersApart makes the parameter sets a buffer of their own.
	HeadersApart bool
	// NoCommands leaves out VIDIOC_ENCODER_CMD and VIDIOC_DECODER_CMD.
	NoCommands bool
	// Announce makes a decoder tell the source's size by an event at the first
	// picture, and wait for its CAPTURE queue to be set up again.
	Announce bool
	// Skip makes an encoder leave out every nth frame; 0 means none.
	Skip int
}

// codecState is what a node of a codec does.
type codecState struct {
	job       *job
	free      time.Time // when it was done with the last
	force     bool
	frames    int32 // since the last key frame
	number    uint32
	started   bool
	announced bool
	restart   bool // waits for its CAPTURE queue to be set up again
}

// job is a frame in work.
type job struct {
	src, dst *buffer
	due      time.Time
}

// codec is the model of a codec.
type codec struct {
	cfg     CodecConfig
	decoder bool
}

// NewEncoder makes an encoder with the face of bcm2835-codec, to be plugged into
// a [System].
func NewEncoder(cfg CodecConfig) *Device {
	if cfg.Coded == 0 {
		cfg.Coded = v4l2.H264
	}
	d := newCodec(cfg, false, "bcm2835-codec-encode")
	d.controls = encoderControls()
	return d
}

// NewDecoder makes a JPEG decoder, to be plugged into a [System].
func NewDecoder(cfg CodecConfig) *Device {
	if cfg.Coded == 0 {
		cfg.Coded = v4l2.MJPG
	}
	return newCodec(cfg, true, "bcm2835-codec-decode")
}

func newCodec(cfg CodecConfig, decoder bool, card string) *Device {
	if len(cfg.Raw) == 0 {
		cfg.Raw = []v4l2.FourCC{v4l2.YU12, v4l2.NV12, v4l2.YUYV}
	}
	cfg.Align, cfg.StrideAlign = max(cfg.Align, 0), max(cfg.StrideAlign, 0)
	if cfg.Align == 0 {
		cfg.Align = 16
	}
	if cfg.StrideAlign == 0 {
		cfg.StrideAlign = 32
	}
	if cfg.Driver == "" {
		cfg.Driver, cfg.Card, cfg.Bus = "bcm2835-codec", card, "platform:bcm2835-codec"
	}
	caps := uint32(uapi.V4L2_CAP_VIDEO_M2M_MPLANE)
	if cfg.SinglePlanar {
		caps = uapi.V4L2_CAP_VIDEO_M2M
	}
	d := newDevice(cfg.Options, caps, codec{cfg, decoder})
	raw, coded := v4l2.QueueOutput, v4l2.QueueCapture
	if decoder {
		raw, coded = coded, raw
	}
	for _, f := range cfg.Raw {
		d.formats[raw] = append(d.formats[raw], describe(f))
	}
	d.formats[coded] = []v4l2.FormatInfo{describe(cfg.Coded)}
	return d
}

// encoderControls are those of bcm2835-codec.
func encoderControls() []Control {
	profiles := []string{"Baseline", "Constrained Baseline", "Main", "", "High"}
	return []Control{
		{ID: uapi.V4L2_CID_MPEG_VIDEO_BITRATE_MODE, Name: "Video Bitrate Mode", Type: v4l2.TypeMenu, Max: 1, Menu: []string{"Variable Bitrate", "Constant Bitrate"}},
		{ID: v4l2.ControlBitrate, Name: "Video Bitrate", Type: v4l2.TypeInteger, Min: 25000, Max: 25000000, Step: 25000, Value: 10000000},
		{ID: uapi.V4L2_CID_MPEG_VIDEO_HEADER_MODE, Name: "Sequence Header Mode", Type: v4l2.TypeMenu, Max: 1, Value: 1, Menu: []string{"Separate Buffer", "Joined With 1st Frame"}},
		{ID: v4l2.ControlRepeatHeaders, Name: "Repeat Sequence Header", Type: v4l2.TypeBoolean, Max: 1},
		{ID: v4l2.ControlForceKeyFrame, Name: "Force Key Frame", Type: v4l2.TypeButton, WriteOnly: true},
		{ID: v4l2.ControlIPeriod, Name: "H264 I-Frame Period", Type: v4l2.TypeInteger, Max: 1<<31 - 1, Value: 60},
		{ID: uapi.V4L2_CID_MPEG_VIDEO_H264_LEVEL, Name: "H264 Level", Type: v4l2.TypeMenu, Max: 13, Value: 11, Menu: make([]string, 14)},
		{ID: uapi.V4L2_CID_MPEG_VIDEO_H264_PROFILE, Name: "H264 Profile", Type: v4l2.TypeMenu, Max: 4, Value: 4, Menu: profiles},
	}
}

// adjust implements model: heights and strides are rounded up.
func (c codec) adjust(n *node, side v4l2.Queue, f v4l2.Format) v4l2.Format {
	coded := (side == v4l2.QueueCapture) != c.decoder
	if coded {
		f.Stride, f.SizeImage = 0, max(f.SizeImage, 64<<10)
		if c.decoder { // the pictures follow what comes in
			q := &n.queues[v4l2.QueueCapture]
			q.format = c.adjust(n, v4l2.QueueCapture, v4l2.Format{FourCC: q.format.FourCC, Width: f.Width, Height: f.Height})
		}
		return f
	}
	if f.FourCC == 0 {
		f.FourCC = c.cfg.Raw[0]
	}
	f.Height = (f.Height + c.cfg.Align - 1) / c.cfg.Align * c.cfg.Align
	stride, _ := rawSize(f.FourCC, f.Width, f.Height)
	f.Stride = (max(stride, f.Stride) + c.cfg.StrideAlign - 1) / c.cfg.StrideAlign * c.cfg.StrideAlign
	f.SizeImage = f.Stride * f.Height
	if f.FourCC != v4l2.YUYV && f.FourCC != v4l2.UYVY {
		f.SizeImage = f.SizeImage * 3 / 2
	}
	if n.dev.opts.SizeImage != 0 {
		f.SizeImage = n.dev.opts.SizeImage
	}
	return f
}

// advance implements model: one frame after the other, each for the latency.
func (c codec) advance(n *node, now time.Time) time.Time {
	s := &n.codec
	for {
		if s.job == nil && !c.begin(n, now) {
			return time.Time{}
		}
		if s.job.due.After(now) {
			return s.job.due
		}
		s.free = s.job.due
		j := s.job
		s.job = nil
		c.finish(n, j)
	}
}

// begin starts on the next frame, when there is one and room for its result.
func (c codec) begin(n *node, now time.Time) bool {
	in, out := &n.queues[v4l2.QueueOutput], &n.queues[v4l2.QueueCapture]
	s := &n.codec
	if n.dev.stalled || n.dev.gone || !in.streaming || !out.streaming || len(out.pending) == 0 {
		return false
	}
	if n.dev.odd != nil {
		b := out.next()
		b.used, b.flags, b.timestamp = copy(b.mem.data, n.dev.odd), 0, uapi.Timeval{}
		n.dev.odd = nil
		out.finish(b)
		return c.begin(n, now)
	}
	if len(in.pending) == 0 {
		if n.draining {
			n.draining = false
			b := out.next()
			b.used, b.flags = 0, uapi.V4L2_BUF_FLAG_LAST
			out.finish(b)
		}
		return false
	}
	if c.cfg.Announce && !s.announced {
		s.announced, s.restart = true, true
		n.event(uapi.V4L2_EVENT_SOURCE_CHANGE, uapi.V4L2_EVENT_SRC_CH_RESOLUTION)
	}
	if s.restart {
		return false
	}
	start := now
	if s.free.After(now.Add(-c.cfg.Latency)) && s.free.Before(now) {
		start = s.free
	}
	s.job = &job{in.next(), out.next(), start.Add(c.cfg.Latency)}
	return true
}

// finish makes the result of a frame.
func (c codec) finish(n *node, j *job) {
	in, out := &n.queues[v4l2.QueueOutput], &n.queues[v4l2.QueueCapture]
	s := &n.codec
	s.number++
	j.dst.timestamp, j.dst.flags = j.src.timestamp, uapi.V4L2_BUF_FLAG_TIMESTAMP_COPY
	if c.cfg.Skip > 0 && int(s.number)%c.cfg.Skip == 0 {
		out.pending = append([]*buffer{j.dst}, out.pending...)
		in.finish(j.src)
		return
	}
	if c.decoder {
		c.decode(n, j)
	} else {
		c.encode(n, j)
	}
	if n.dev.corrupt > 0 {
		n.dev.corrupt--
		j.dst.flags |= uapi.V4L2_BUF_FLAG_ERROR
	}
	in.finish(j.src)
	out.finish(j.dst)
}

// encode makes an access unit that tells its number and the checksum of the
// visible picture (see [Checksum]).
func (c codec) encode(n *node, j *job) {
	s := &n.codec
	f := n.queues[v4l2.QueueOutput].format
	width, height := f.Width, f.Height
	if n.crop.Width != 0 {
		width, height = int(n.crop.Width), int(n.crop.Height)
	}
	period := n.controls[v4l2.ControlIPeriod]
	key := !s.started || s.force || period > 0 && s.frames >= period
	s.frames++
	headers := key && (!s.started && !c.cfg.HeadersApart || n.controls[v4l2.ControlRepeatHeaders] != 0)
	if key {
		s.frames, s.force, s.started = 1, false, true
		j.dst.flags |= uapi.V4L2_BUF_FLAG_KEYFRAME
	}
	rate := n.interval[v4l2.QueueOutput]
	size := int(n.controls[v4l2.ControlBitrate]) / 8 * int(rate.Numerator) / int(rate.Denominator)
	unit := accessUnit(key, s.number, Checksum(j.src.mem.data, f, width, height), size)
	if key && !headers {
		unit = unit[len(parameterSets):]
	}
	j.dst.used = copy(j.dst.mem.data, unit)
}

// parameterSets are a sequence and a picture parameter set of no meaning.
const parameterSets = "\x00\x00\x00\x01\x67\x42\xc0\x1f\x00\x00\x00\x01\x68\xce\x3c\x80"

// ParameterSets are those of every simulated H.264 stream.
func ParameterSets() []byte { return []byte(parameterSets) }

// accessUnit is an access unit in Annex-B format with readable content.
func accessUnit(key bool, number, sum uint32, size int) []byte {
	head := "\x00\x00\x00\x01\x41"
	if key {
		head = parameterSets + "\x00\x00\x00\x01\x65"
	}
	head += fmt.Sprintf("n%08x s%08x ", number, sum)
	return []byte(head + strings.Repeat(".", clamp(size-len(head), 0, 60<<10)))
}

// Checksum is the checksum of the visible part of the first plane of a raw
// picture.
func Checksum(data []byte, f v4l2.Format, width, height int) uint32 {
	line, _ := rawSize(f.FourCC, width, height)
	sum := uint32(0)
	for y := range height {
		row := data[min(len(data), y*f.Stride):min(len(data), y*f.Stride+line)]
		sum = crc32.Update(sum, crc32.IEEETable, row)
	}
	return sum
}

// JPEG is a picture the simulated decoder fills with a value.
func JPEG(value byte) []byte { return []byte{0xff, 0xd8, value, 0xff, 0xd9} }

// decode fills a picture with the value of its JPEG.
func (c codec) decode(n *node, j *job) {
	f := n.queues[v4l2.QueueCapture].format
	src := j.src.mem.data[:j.src.used]
	j.dst.used = min(f.SizeImage, len(j.dst.mem.data))
	if len(src) != 5 || src[0] != 0xff || src[1] != 0xd8 {
		j.dst.flags |= uapi.V4L2_BUF_FLAG_ERROR
		return
	}
	for i := range j.dst.mem.data[:j.dst.used] {
		j.dst.mem.data[i] = src[2]
	}
}

// command implements model.
func (c codec) command(n *node, request uintptr, cmd uint32) error {
	want := uintptr(uapi.VIDIOC_ENCODER_CMD)
	if c.decoder {
		want = uapi.VIDIOC_DECODER_CMD
	}
	if c.cfg.NoCommands || request != want {
		return syscall.ENOTTY
	}
	if cmd != uapi.V4L2_ENC_CMD_STOP && cmd != uapi.V4L2_ENC_CMD_START {
		return syscall.EINVAL
	}
	n.draining = cmd == uapi.V4L2_ENC_CMD_STOP
	return nil
}
