package v4l2_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// jpegVGA is what most tests decode.
var jpegVGA = v4l2.DecoderConfig{Width: 640, Height: 480, Output: v4l2.NV12}

func plugDecoder(t *testing.T, sys *v4l2test.System, dev *v4l2test.Device, cfg v4l2.DecoderConfig) *v4l2.Decoder {
	t.Helper()
	sys.Plug(decoderPath, dev)
	d, err := v4l2.OpenDecoder(sys, decoderPath, cfg)
	must(t, err)
	return d
}

func decode(t *testing.T, d *v4l2.Decoder, f v4l2.Frame) {
	t.Helper()
	taken, err := d.Decode(f)
	must(t, err)
	if !taken {
		t.Fatalf("picture of %v was dropped", f.Timestamp)
	}
}

func closeDecoder(t *testing.T, d *v4l2.Decoder) {
	t.Helper()
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDecoder decodes with and without a decoder that announces the size only
// after it saw a picture.
func TestDecoder(t *testing.T) {
	for _, announce := range []bool{false, true} {
		t.Run(fmt.Sprintf("announces %v", announce), func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				dev := v4l2test.NewDecoder(v4l2test.CodecConfig{Latency: 5 * time.Millisecond, Announce: announce})
				d := plugDecoder(t, sys, dev, jpegVGA)
				for i := range 10 {
					decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(byte(i)), Timestamp: time.Duration(i) * time.Second})
					b, err := d.Next(within(t, time.Second))
					must(t, err)
					if len(b.Data) != d.Format().SizeImage || b.Data[7] != byte(i) || b.Timestamp != time.Duration(i)*time.Second || b.FD != -1 {
						t.Errorf("picture %d: %d bytes, content %d, %v", i, len(b.Data), b.Data[7], b.Timestamp)
					}
					must(t, b.Release())
				}
				if f := d.Format(); f.FourCC != v4l2.NV12 || f.Width != 640 || f.Height != 480 {
					t.Errorf("%v", f)
				}
				if s := d.Stats(); s != (v4l2.CodecStats{In: 10, Out: 10, Copies: 10}) {
					t.Errorf("%+v", s)
				}
				closeDecoder(t, d)
			})
		})
	}
}

// TestDecoderNewest reads late and gets the newest picture.
func TestDecoderNewest(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{}), jpegVGA)
		for i := range 3 {
			decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(byte(i)), Timestamp: time.Duration(i) * time.Second})
		}
		b, err := d.Next(t.Context())
		must(t, err)
		if s := d.Stats(); b.Data[0] != 2 || s.Out != 1 || s.Dropped != 2 {
			t.Errorf("content %d, %+v", b.Data[0], s)
		}
		must(t, b.Release())
		closeDecoder(t, d)
	})
}

// TestDecoderDamaged leaves out what is no JPEG.
func TestDecoderDamaged(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{}), jpegVGA)
		decode(t, d, v4l2.Frame{Data: []byte("no JPEG"), Timestamp: time.Second})
		decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(7), Timestamp: 2 * time.Second})
		b, err := d.Next(t.Context())
		must(t, err)
		if s := d.Stats(); b.Timestamp != 2*time.Second || s.Damaged != 1 || s.Out != 1 {
			t.Errorf("%v, %+v", b.Timestamp, s)
		}
		must(t, b.Release())
		for _, data := range [][]byte{nil, make([]byte, 4<<20)} {
			if taken, err := d.Decode(v4l2.Frame{Data: data}); taken || err == nil {
				t.Errorf("picture of %d bytes: taken %v, %v", len(data), taken, err)
			}
		}
		closeDecoder(t, d)
	})
}

func TestDecoderStall(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		dev := v4l2test.NewDecoder(v4l2test.CodecConfig{})
		d := plugDecoder(t, sys, dev, jpegVGA)
		dev.Stall(true)
		begin := time.Now()
		for i := range 6 {
			_, err := d.Decode(v4l2.Frame{Data: v4l2test.JPEG(1), Timestamp: time.Duration(i)})
			must(t, err)
		}
		if _, err := d.Next(t.Context()); !errors.Is(err, v4l2.ErrStalled) || time.Since(begin) != v4l2.DefaultStallAfter || d.Stats().Dropped != 2 {
			t.Errorf("%v after %v, %+v", err, time.Since(begin), d.Stats())
		}
		closeDecoder(t, d)
	})
}

// TestDecoderStarves keeps every picture for longer than a stall may take.
func TestDecoderStarves(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{}), jpegVGA)
		var lent []*v4l2.Buffer
		for i := range v4l2.DefaultCodecBuffers {
			decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(byte(i)), Timestamp: time.Duration(i) * time.Second})
			b, err := d.Next(t.Context())
			must(t, err)
			lent = append(lent, b)
		}
		idle, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := d.Next(idle); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with nothing to do: %v", err)
		}
		decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(9), Timestamp: time.Hour})
		time.AfterFunc(time.Minute, func() { _ = lent[0].Release() })
		b, err := d.Next(t.Context())
		must(t, err)
		if b.Timestamp != time.Hour {
			t.Errorf("picture of %v", b.Timestamp)
		}
		must(t, b.Release())
		for _, b := range lent[1:] {
			must(t, b.Release())
		}
		closeDecoder(t, d)
	})
}

func TestDecoderDrain(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{Latency: time.Millisecond}), jpegVGA)
		decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(1)})
		must(t, d.Drain())
		b, err := d.Next(t.Context())
		must(t, err)
		must(t, b.Release())
		if _, err := d.Next(t.Context()); err != io.EOF {
			t.Error(err)
		}
		closeDecoder(t, d)
	})
}

// TestDecoderToEncoder carries MJPEG of a camera through both codecs without a
// copy by the processor: 60 pictures, both codecs working at the same time.
func TestDecoderToEncoder(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		dev, c := start(t, sys, v4l2test.NewCamera(v4l2test.CameraConfig{}), v4l2.MJPG, v4l2.CaptureConfig{Export: true})
		cfg := jpegVGA
		cfg.Export, cfg.Output = true, v4l2.YU12
		d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{Latency: 10 * time.Millisecond}), cfg)
		ecfg := vga
		ecfg.DMABuf, ecfg.Stride = true, d.Format().Stride
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{Latency: 10 * time.Millisecond}), ecfg)
		for i := range 60 {
			b, err := c.Next(t.Context())
			must(t, err)
			decode(t, d, b.Frame())
			picture, err := d.Next(t.Context())
			must(t, err)
			must(t, e.Suits(picture.Length))
			want := fmt.Sprintf("s%08x", v4l2test.Checksum(bytes.Repeat([]byte{byte(i)}, 640*480), v4l2.Format{FourCC: v4l2.YU12, Stride: 640}, 640, 480))
			encode(t, e, picture.Frame())
			p, err := e.Next(t.Context())
			must(t, err)
			if p.Timestamp != b.Timestamp.Truncate(time.Microsecond) || !strings.Contains(string(p.Data[:80]), want) {
				t.Errorf("unit %d: %v, want %v: %q", i, p.Timestamp, b.Timestamp, p.Data[:80])
			}
		}
		if s := e.Stats(); s.Copies != 0 || s.Imports != 60 {
			t.Errorf("%+v", s)
		}
		closeEncoder(t, e)
		closeDecoder(t, d)
		end(t, dev, c)
	})
}

// TestDecoderEnds ends a wait from outside. A lent picture stays readable.
func TestDecoderEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(sys *v4l2test.System, d *v4l2.Decoder, cancel func())
		want func(error) bool
	}{
		{"cancel", func(_ *v4l2test.System, _ *v4l2.Decoder, cancel func()) { cancel() }, func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"close", func(_ *v4l2test.System, d *v4l2.Decoder, _ func()) { d.Close() }, func(err error) bool { return errors.Is(err, os.ErrClosed) }},
		{"unplug", func(sys *v4l2test.System, _ *v4l2.Decoder, _ func()) { sys.Unplug(decoderPath) }, v4l2.Unplugged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				d := plugDecoder(t, sys, v4l2test.NewDecoder(v4l2test.CodecConfig{}), jpegVGA)
				decode(t, d, v4l2.Frame{Data: v4l2test.JPEG(9)})
				b, err := d.Next(t.Context())
				must(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error)
				go func() {
					_, err := d.Next(ctx)
					ended <- err
				}()
				time.Sleep(time.Second)
				tt.end(sys, d, cancel)
				if err := <-ended; !tt.want(err) {
					t.Error(err)
				}
				closeDecoder(t, d)
				if b.Data[0] != 9 {
					t.Errorf("content is %#x", b.Data[0])
				}
				must(t, b.Release())
			})
		})
	}
}

func TestOpenDecoderFails(t *testing.T) {
	tests := []struct {
		name string
		dev  *v4l2test.Device
		fail uintptr
		want string
	}{
		{"format", v4l2test.NewDecoder(v4l2test.CodecConfig{}), uapi.VIDIOC_S_FMT, "input/output"},
		{"pictures", v4l2test.NewDecoder(v4l2test.CodecConfig{}), uapi.VIDIOC_G_FMT, "input/output"},
		{"events", v4l2test.NewDecoder(v4l2test.CodecConfig{}), uapi.VIDIOC_SUBSCRIBE_EVENT, "input/output"},
		{"buffers", v4l2test.NewDecoder(v4l2test.CodecConfig{}), uapi.VIDIOC_REQBUFS, "input/output"},
		{"start", v4l2test.NewDecoder(v4l2test.CodecConfig{}), uapi.VIDIOC_STREAMON, "input/output"},
		{"another codec", v4l2test.NewDecoder(v4l2test.CodecConfig{Coded: v4l2.H264}), 0, "takes H264, not MJPG"},
		{"another raw format", v4l2test.NewDecoder(v4l2test.CodecConfig{Raw: []v4l2.FourCC{v4l2.YUYV}}), 0, "makes YUYV, not NV12"},
		{"another size", v4l2test.NewDecoder(v4l2test.CodecConfig{Options: v4l2test.Options{Width: 1280, Height: 720}}), 0, "changes the size"},
		{"a camera", v4l2test.NewCamera(v4l2test.CameraConfig{}), 0, "is no codec"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				if tt.fail != 0 {
					tt.dev.Fail(tt.fail, syscall.EIO, 1)
				}
				sys.Plug(decoderPath, tt.dev)
				_, err := v4l2.OpenDecoder(sys, decoderPath, jpegVGA)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), decoderPath) {
					t.Errorf("%v, want something about %q", err, tt.want)
				}
			})
		})
	}
}
