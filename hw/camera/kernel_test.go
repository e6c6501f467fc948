package camera

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/mediadevices/pkg/io/video"

	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// lab is a simulated machine with a camera driver on it.
type lab struct {
	t    *testing.T
	sys  *v4l2test.System
	host host
	cfg  Config
	log  bytes.Buffer
	a    *adapter
}

func newLab(t *testing.T, devices map[string]*v4l2test.Device) *lab {
	l := &lab{t: t, sys: v4l2test.New()}
	for path, d := range devices {
		l.sys.Plug(path, d)
	}
	l.host = host{
		sys:   l.sys,
		links: func() map[string]string { return nil },
		resolve: func(path string) (string, error) {
			if nodes, _ := l.sys.Nodes(); strings.Contains(strings.Join(nodes, " "), path) {
				return path, nil
			}
			return "", &fs.PathError{Op: "lstat", Path: path, Err: syscall.ENOENT}
		},
		descriptors: func(string) []byte { return nil },
		child:       func() string { return "" },
		owner:       func(string) string { return "video" },
		measure:     func() (float64, error) { return 1e7, nil },
	}
	l.cfg = Config{
		Source: "auto", Width: 640, Height: 480, FPS: 15, Bitrate: 1_000_000, Counters: new(Counters),
		Log: slog.New(slog.NewTextHandler(&l.log, nil)),
	}
	return l
}

// open opens the camera as mediadevices does.
func (l *lab) open() (video.Reader, error) {
	l.t.Helper()
	if l.a == nil {
		var err error
		if l.a, err = adapterOn(l.cfg, l.host); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := l.a.Open(); err != nil {
		l.t.Fatal(err)
	}
	r, err := l.a.VideoRecord(l.a.Properties()[0])
	if err != nil { // as mediadevices' wrapper does
		l.close()
	}
	return r, err
}

func (l *lab) mustOpen() video.Reader {
	l.t.Helper()
	r, err := l.open()
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l *lab) close() {
	l.t.Helper()
	if err := l.a.Close(); err != nil {
		l.t.Errorf("close: %v", err)
	}
	if err := l.sys.Left(); err != nil {
		l.t.Error(err)
	}
}

// stats counts what was done so far: a picture may arrive before its copy is
// counted.
func (l *lab) stats() pipeline.Stats {
	synctest.Wait()
	return l.cfg.Counters.Stats()
}

func shown(t *testing.T, r video.Reader) image.Image {
	t.Helper()
	img, release, err := r.Read()
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	release()
	return img
}

func coded(t *testing.T, r video.Reader) *pipeline.Frame {
	t.Helper()
	f, ok := shown(t, r).(*pipeline.Frame)
	if !ok {
		t.Fatal("the picture is not encoded")
	}
	return f
}

// bubble runs a test in simulated time.
func bubble(t *testing.T, devices map[string]*v4l2test.Device, f func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newLab(t, devices)) })
}

func usbCamera(formats ...v4l2.FourCC) *v4l2test.Device {
	return v4l2test.NewCamera(v4l2test.CameraConfig{Formats: formats})
}

// jpegCamera gives real JPEG pictures.
func jpegCamera() *v4l2test.Device {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 640, 480), image.YCbCrSubsampleRatio420), nil); err != nil {
		panic(err)
	}
	return v4l2test.NewCamera(v4l2test.CameraConfig{
		Formats: []v4l2.FourCC{v4l2.MJPG},
		Picture: func(v4l2.Format, uint32) []byte { return b.Bytes() },
	})
}

type devices = map[string]*v4l2test.Device

func encoder() *v4l2test.Device { return v4l2test.NewEncoder(v4l2test.CodecConfig{}) }

func TestRoutes(t *testing.T) {
	jpegDecoder := func() *v4l2test.Device { return v4l2test.NewDecoder(v4l2test.CodecConfig{}) }
	tests := []struct {
		name    string
		devices func() devices
		change  func(*Config)
		kind    plan.Kind
		raw     bool
		copies  uint64 // for each picture
	}{
		{"the camera's H.264", func() devices {
			return devices{"/dev/video0": usbCamera(v4l2.YUYV, v4l2.H264), "/dev/video11": encoder()}
		}, nil, plan.Passthrough, false, 0},
		{"raw into the encoder", func() devices { return devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": encoder()} }, nil, plan.RawM2M, false, 0},
		{"raw, mirrored on the way", func() devices { return devices{"/dev/video0": usbCamera(v4l2.NV12), "/dev/video11": encoder()} },
			func(c *Config) { c.Mirror = true }, plan.RawM2M, false, 2},
		{"raw, upright", func() devices { return devices{"/dev/video0": usbCamera(v4l2.NV12), "/dev/video11": encoder()} },
			func(c *Config) { c.Width, c.Height, c.Rotation = 480, 640, 270 }, plan.RawM2M, false, 2},
		{"JPEG in hardware", func() devices {
			return devices{"/dev/video0": usbCamera(v4l2.MJPG), "/dev/video10": jpegDecoder(), "/dev/video11": encoder()}
		}, nil, plan.JPEGM2M, false, 0},
		{"JPEG in software", func() devices { return devices{"/dev/video0": jpegCamera(), "/dev/video11": encoder()} }, nil, plan.JPEGSoftM2M, false, 1},
		{"everything in software", func() devices { return devices{"/dev/video0": jpegCamera()} }, nil, plan.JPEGSoft, true, 1},
		{"raw for a software encoder", func() devices { return devices{"/dev/video3": usbCamera(v4l2.YUYV)} }, nil, plan.Raw, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.devices(), func(l *lab) {
				if tt.change != nil {
					tt.change(&l.cfg)
				}
				r := l.mustOpen()
				defer l.close()
				for i := range 20 {
					img := shown(l.t, r)
					f, isCoded := img.(*pipeline.Frame)
					if isCoded == tt.raw || img.Bounds() != image.Rect(0, 0, l.cfg.Width, l.cfg.Height) {
						l.t.Fatalf("picture is a %T of %v", img, img.Bounds())
					}
					if i == 0 && isCoded && !f.KeyFrame() {
						l.t.Error("the first frame is no key frame")
					}
				}
				l.checkRoute(tt.kind, tt.copies)
			})
		})
	}
}

func (l *lab) checkRoute(kind plan.Kind, copies uint64) {
	l.t.Helper()
	c, err := explainOn(l.cfg, l.host)
	if err != nil || c.Kind != kind.String() {
		l.t.Errorf("kind %q, %v, want %v", c.Kind, err, kind)
	}
	s := l.stats()
	if s.Copies < 20*copies || s.Copies > 23*copies {
		l.t.Errorf("%d copies for 20 pictures, want %d each", s.Copies, copies)
	}
	if s.Route != strings.Join(c.Steps, " → ") {
		l.t.Errorf("route %q, explained as %q", s.Route, c.Steps)
	}
	if strings.Count(l.log.String(), "camera chosen") != 1 {
		l.t.Errorf("the choice is not told once: %s", l.log.String())
	}
}

// TestPassthroughIsIdentical: what the camera encoded is what is sent, buffer
// by buffer.
func TestPassthroughIsIdentical(t *testing.T) {
	units := [][]byte{
		[]byte("\x00\x00\x00\x01\x67sps\x00\x00\x00\x01\x68pps\x00\x00\x00\x01\x65\x88key"),
		[]byte("\x00\x00\x00\x01\x41\x9aone"), []byte("\x00\x00\x01\x41\x9atwo\x00\x00\x01\x41\x1aslice"),
	}
	cam := v4l2test.NewCamera(v4l2test.CameraConfig{
		Formats: []v4l2.FourCC{v4l2.H264},
		Picture: func(_ v4l2.Format, n uint32) []byte { return units[int(n)%len(units)] },
	})
	bubble(t, devices{"/dev/video0": cam}, func(l *lab) {
		r := l.mustOpen()
		defer l.close()
		for i := range 12 {
			f := coded(l.t, r)
			if !bytes.Equal(f.Payload(), units[i%3]) || f.KeyFrame() != (i%3 == 0) || f.Codec() != "H264" {
				l.t.Errorf("frame %d: %q, key frame %v", i, f.Payload(), f.KeyFrame())
			}
		}
	})
}

// TestCopiesWhereMemoryDoesNotFit: 360 lines are 368 for the encoder.
func TestCopiesWhereMemoryDoesNotFit(t *testing.T) {
	cam := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.NV12}, Sizes: []v4l2.FrameSize{v4l2test.Size(640, 360)}})
	bubble(t, devices{"/dev/video0": cam, "/dev/video11": encoder()}, func(l *lab) {
		l.cfg.Height = 360
		r := l.mustOpen()
		defer l.close()
		for range 10 {
			coded(l.t, r)
		}
		if s := l.stats(); s.Imports != 0 || s.Copies < 10 || !strings.HasSuffix(s.Route, "with one copy") {
			l.t.Errorf("%+v", s)
		}
	})
}

// TestControl: wishes reach the encoder, and what was done is counted.
func TestControl(t *testing.T) {
	enc := encoder()
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": enc}, func(l *lab) {
		r := l.mustOpen()
		defer l.close()
		f := coded(l.t, r)
		for range 5 {
			if f = coded(l.t, r); f.KeyFrame() {
				l.t.Fatal("a key frame nobody asked for")
			}
		}
		if err := errors.Join(f.ForceKeyFrame(), f.SetBitRate(512_000)); err != nil {
			l.t.Fatal(err)
		}
		keys := 0
		for range 5 {
			if f = coded(l.t, r); f.KeyFrame() {
				keys++
			}
		}
		if keys != 1 || enc.Value(v4l2.ControlBitrate) != 500_000 {
			l.t.Errorf("%d key frames, %d bit/s", keys, enc.Value(v4l2.ControlBitrate))
		}
		if s := l.stats(); s.KeyForced != 1 || s.BitrateChanges != 1 || s.KeyFrames != 2 {
			l.t.Errorf("%+v", s)
		}
	})
}

// TestLateReader: raw pictures are the newest, encoded ones begin with a key
// frame.
func TestLateReader(t *testing.T) {
	const late = 800 * time.Millisecond // 12 pictures
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": encoder()}, func(l *lab) {
		r := l.mustOpen()
		defer l.close()
		keys := 0
		for range 5 {
			if f := coded(l.t, r); f.KeyFrame() {
				keys++
			}
			time.Sleep(late)
			synctest.Wait()
		}
		if s := l.stats(); keys < 3 || s.Dropped < 20 {
			l.t.Errorf("%d key frames, %+v", keys, s)
		}
	})
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV)}, func(l *lab) {
		r := l.mustOpen()
		defer l.close()
		shown(l.t, r)
		time.Sleep(late)
		synctest.Wait()
		start := time.Now()
		shown(l.t, r)
		if waited := time.Since(start); waited != 0 || l.stats().Dropped < 10 {
			l.t.Errorf("waited %v, %+v", waited, l.stats())
		}
	})
}

// TestNobodyReads: the encoder rests, nothing counts as dropped, and whoever
// comes back begins with a key frame.
func TestNobodyReads(t *testing.T) {
	for name, formats := range map[string][]v4l2.FourCC{"encoder": {v4l2.YUYV}, "passed through": {v4l2.H264}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, devices{"/dev/video0": usbCamera(formats...), "/dev/video11": v4l2test.NewEncoder(v4l2test.CodecConfig{Skip: 7})}, func(l *lab) {
				r := l.mustOpen()
				defer l.close()
				time.Sleep(10 * time.Second)
				for range 2 {
					before := l.stats()
					if f := coded(l.t, r); formats[0] == v4l2.YUYV && !f.KeyFrame() {
						l.t.Error("begins without a key frame")
					}
					time.Sleep(10 * time.Second) // 150 pictures, and up to 60 until the camera's next key frame
					if s := l.stats(); s.Imports-before.Imports > 30 || s.Dropped-before.Dropped > 60 || s.Fallbacks > 0 {
						l.t.Errorf("without a reader: from %+v to %+v", before, s)
					}
				}
			})
		})
	}
}

// TestClose ends a Read that waits.
func TestClose(t *testing.T) {
	cam := usbCamera(v4l2.YUYV)
	bubble(t, devices{"/dev/video0": cam, "/dev/video11": encoder()}, func(l *lab) {
		r := l.mustOpen()
		shown(l.t, r)
		cam.Stall(true)
		time.AfterFunc(time.Second, l.close)
		for {
			if _, _, err := r.Read(); err != nil {
				if err != io.EOF {
					l.t.Errorf("Read: %v", err)
				}
				return
			}
		}
	})
}

// TestSettings: what the camera has is set, what it lacks is told once.
func TestSettings(t *testing.T) {
	cam := v4l2test.NewCamera(v4l2test.CameraConfig{
		Formats: []v4l2.FourCC{v4l2.YUYV},
		Controls: []v4l2test.Control{
			{ID: v4l2.ControlBrightness, Name: "Brightness", Type: v4l2.TypeInteger, Min: 0, Max: 100, Step: 1},
			{ID: v4l2.ControlPowerLine, Name: "Power Line", Type: v4l2.TypeMenu, Max: 2, Menu: []string{"off", "50", "60"}},
			{ID: v4l2.ControlHFlip, Name: "HFlip", Type: v4l2.TypeBoolean, Max: 1},
		},
	})
	bubble(t, devices{"/dev/video0": cam, "/dev/video11": encoder()}, func(l *lab) {
		exposure, brightness := 100, 900
		l.cfg.Exposure, l.cfg.Brightness, l.cfg.PowerLine, l.cfg.Mirror = &exposure, &brightness, "50", true
		for range 2 {
			shown(l.t, l.mustOpen())
			l.close()
		}
		if cam.Value(v4l2.ControlBrightness) != 100 || cam.Value(v4l2.ControlPowerLine) != uapi.V4L2_CID_POWER_LINE_FREQUENCY_50HZ || cam.Value(v4l2.ControlHFlip) != 1 {
			l.t.Errorf("brightness %d, power line %d", cam.Value(v4l2.ControlBrightness), cam.Value(v4l2.ControlPowerLine))
		}
		for _, once := range []string{"setting=exposure ", "setting=brightness "} {
			if n := strings.Count(l.log.String(), once); n != 1 {
				l.t.Errorf("%q is told %d times: %s", once, n, l.log.String())
			}
		}
		if s := l.stats(); s.Copies != 0 {
			l.t.Errorf("mirrored by the camera with %d copies", s.Copies)
		}
	})
}
