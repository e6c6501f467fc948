//go:build board

package v4l2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

// picture is an NV12 picture whose content moves with n.
func picture(width, height, n int) []byte {
	data := make([]byte, width*height*3/2)
	for y := range height {
		row := data[y*width:][:width]
		for x := range row {
			row[x] = byte(x*y>>4 + n*16)
		}
	}
	for i := width * height; i < len(data); i++ {
		data[i] = 128
	}
	return data
}

func boardEncoder(t *testing.T, cfg EncoderConfig) *Encoder {
	t.Helper()
	_, path := boardNodes(t)
	e, err := OpenEncoder(Kernel(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// checkUnit compares an access unit with what its flags say.
func checkUnit(t *testing.T, p Packet, wantKey bool) {
	t.Helper()
	types := nalTypes(p.Data)
	idr := len(types) > 0 && types[len(types)-1] == nalIDR
	sps := false
	for _, kind := range types {
		sps = sps || kind == nalSPS
	}
	if p.KeyFrame != wantKey || idr != wantKey || sps != wantKey {
		t.Errorf("unit at %v: key frame %v, IDR %v, SPS %v, want %v: NAL types %v", p.Timestamp, p.KeyFrame, idr, sps, wantKey, types)
	}
}

// encodeOne encodes a frame and returns its access unit.
func encodeOne(t *testing.T, ctx context.Context, e *Encoder, f Frame) Packet {
	t.Helper()
	taken, err := e.Encode(f)
	if err != nil || !taken {
		t.Fatalf("encode %v: taken %v, %v", f.Timestamp, taken, err)
	}
	p, err := e.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p.Timestamp != f.Timestamp {
		t.Errorf("frame of %v came out as of %v", f.Timestamp, p.Timestamp)
	}
	return p
}

func TestBoardEncodeCopies(t *testing.T) {
	for _, size := range [][2]int{{640, 480}, {640, 360}, {1280, 720}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			e := boardEncoder(t, EncoderConfig{Width: size[0], Height: size[1], Input: NV12, FPS: 15, Bitrate: 1e6, KeyFrameInterval: 1000})
			t.Logf("input %+v", e.Input())
			ctx := limit(t, time.Minute)
			for i := range 12 {
				if i == 5 || i == 9 {
					if err := e.ForceKeyFrame(); err != nil {
						t.Fatal(err)
					}
				}
				p := encodeOne(t, ctx, e, Frame{Data: picture(size[0], size[1], i), Timestamp: time.Duration(i) * 66667 * time.Microsecond})
				checkUnit(t, p, i == 0 || i == 5 || i == 9)
			}
			if s := e.Stats(); s.In != 12 || s.Out != 12 || s.Copies != 12 || s.Imports != 0 || s.Junk != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestBoardKeyFrameByPeriod forces key frames as drivers without the control
// need it. This one looks at a new period when the old one ends, at frame 10:
// the period is 1 until the key frame came out and then what it was.
func TestBoardKeyFrameByPeriod(t *testing.T) {
	e := boardEncoder(t, EncoderConfig{Width: 640, Height: 480, Input: NV12, FPS: 15, KeyFrameInterval: 10})
	e.keys.byControl = false
	ctx := limit(t, time.Minute)
	var keys []int
	for i := range 25 {
		if i == 5 {
			if err := e.ForceKeyFrame(); err != nil {
				t.Fatal(err)
			}
		}
		p := encodeOne(t, ctx, e, Frame{Data: picture(640, 480, i), Timestamp: time.Duration(i) * time.Second})
		if p.KeyFrame {
			keys = append(keys, i)
		}
	}
	if !slices.Equal(keys, []int{0, 10, 11, 21}) {
		t.Errorf("key frames at %v", keys)
	}
	if v, err := e.Device().GetControl(ControlIPeriod); v != 10 || err != nil {
		t.Errorf("period is %d, %v", v, err)
	}
}

// TestBoardBitrate compares what comes out at two rates.
func TestBoardBitrate(t *testing.T) {
	e := boardEncoder(t, EncoderConfig{Width: 640, Height: 480, Input: NV12, FPS: 15, Bitrate: 2e6, KeyFrameInterval: 1000})
	ctx := limit(t, time.Minute)
	n := 0
	measure := func() (bytes int) {
		for i := range 60 {
			p := encodeOne(t, ctx, e, Frame{Data: picture(640, 480, n), Timestamp: time.Duration(n) * time.Second})
			n++
			if i >= 40 {
				bytes += len(p.Data)
			}
		}
		return bytes
	}
	high := measure()
	rate, err := e.SetBitrate(60000)
	if err != nil || rate != 50000 {
		t.Errorf("SetBitrate = %d, %v", rate, err)
	}
	low := measure()
	t.Logf("20 frames: %d bytes at 2 Mbit/s, %d at 50 kbit/s", high, low)
	if low >= high {
		t.Errorf("%d bytes at 50 kbit/s, %d at 2 Mbit/s", low, high)
	}
}

// TestBoardZeroCopy carries pictures from the camera to the encoder as dma-bufs.
func TestBoardZeroCopy(t *testing.T) {
	camera, _ := boardNodes(t)
	for _, format := range []FourCC{NV12, YUYV} {
		t.Run(format.String(), func(t *testing.T) {
			d, f := openCamera(t, camera, format, 640, 480, 10)
			c, err := d.StartCapture(CaptureConfig{Export: true})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			e := boardEncoder(t, EncoderConfig{Width: 640, Height: 480, Stride: f.Stride, Input: format, FPS: 10, DMABuf: true})
			ctx := limit(t, time.Minute)
			for i := range 10 {
				b, err := c.Next(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Suits(b.Length); err != nil {
					t.Fatal(err)
				}
				checkUnit(t, encodeOne(t, ctx, e, b.Frame()), i == 0)
			}
			if s := e.Stats(); s.Copies != 0 || s.Imports != 10 || !e.Imports() {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestBoardImportFallsBack is the size at which the camera's buffers are too
// small for the encoder.
func TestBoardImportFallsBack(t *testing.T) {
	camera, _ := boardNodes(t)
	d, f := openCamera(t, camera, NV12, 640, 360, 10)
	c, err := d.StartCapture(CaptureConfig{Export: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	e := boardEncoder(t, EncoderConfig{Width: 640, Height: 360, Stride: f.Stride, Input: NV12, FPS: 10, DMABuf: true})
	ctx := limit(t, time.Minute)
	b, err := c.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Suits(b.Length); !errors.Is(err, ErrImport) {
		t.Errorf("Suits(%d) = %v", b.Length, err)
	}
	if taken, err := e.Encode(b.Frame()); taken || !errors.Is(err, ErrImport) {
		t.Errorf("Encode: taken %v, %v", taken, err)
	}
	if err := e.UseCopies(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		b, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		checkUnit(t, encodeOne(t, ctx, e, b.Frame()), i == 0)
	}
	if s := e.Stats(); s.Copies != 5 || s.Imports != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBoardDrain gets everything out that was put in.
func TestBoardDrain(t *testing.T) {
	e := boardEncoder(t, EncoderConfig{Width: 640, Height: 480, Input: NV12, FPS: 15, Buffers: 4})
	in := 0
	for i := range 6 {
		taken, err := e.Encode(Frame{Data: picture(640, 480, i), Timestamp: time.Duration(i) * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if taken {
			in++
		}
	}
	if err := e.Drain(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(Frame{Data: picture(640, 480, 9)}); !errors.Is(err, ErrDraining) {
		t.Errorf("Encode after Drain: %v", err)
	}
	ctx, out := limit(t, time.Minute), 0
	for {
		if _, err := e.Next(ctx); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		out++
	}
	if in < 4 || out != in {
		t.Errorf("%d in, %d out: %+v", in, out, e.Stats())
	}
}

// TestBoardReopen opens and closes both ends often and counts what is left.
func TestBoardReopen(t *testing.T) {
	camera, encoder := boardNodes(t)
	ctx := limit(t, 2*time.Minute)
	cycle := func() {
		d, err := Open(Kernel(), camera)
		if err != nil {
			t.Fatal(err)
		}
		f, err := d.SetFormat(QueueCapture, Format{FourCC: NV12, Width: 640, Height: 480})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.SetFrameRate(QueueCapture, Fraction{1, 25}); err != nil {
			t.Fatal(err)
		}
		c, err := d.StartCapture(CaptureConfig{Export: true})
		if err != nil {
			t.Fatal(err)
		}
		e, err := OpenEncoder(Kernel(), encoder, EncoderConfig{Width: 640, Height: 480, Stride: f.Stride, Input: NV12, FPS: 25, DMABuf: true})
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		encodeOne(t, ctx, e, b.Frame())
		if err := errors.Join(e.Close(), c.Close(), d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	files, maps := countFiles(t), countMaps(t)
	for range 50 {
		cycle()
	}
	if n := countFiles(t); n != files {
		t.Errorf("%d descriptors, were %d", n, files)
	}
	if n := countMaps(t); n > maps {
		t.Errorf("%d mappings of devices, were %d", n, maps)
	}
}

func countFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
