package camera

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// TestUnplug: the reader says which camera is gone, and opening finds it again
// under another number.
func TestUnplug(t *testing.T) {
	for _, source := range []string{"auto", "usb:simulated", "/dev/video0"} {
		t.Run(source, func(t *testing.T) {
			cam := usbCamera(v4l2.YUYV)
			bubble(t, devices{"/dev/video0": cam, "/dev/video11": encoder()}, func(l *lab) {
				l.cfg.Source = source
				r := l.mustOpen()
				shown(l.t, r)
				l.sys.Unplug("/dev/video0")
				var err error
				for err == nil {
					_, _, err = r.Read()
				}
				for _, part := range []string{`read camera "` + source, "/dev/video0 (Simulated Camera)", "unplugged"} {
					if !strings.Contains(err.Error(), part) {
						l.t.Errorf("error %q lacks %q", err, part)
					}
				}
				l.close()
				if _, err := l.open(); err == nil || !strings.Contains(err.Error(), "check the cable") {
					l.t.Errorf("while it is away: %v", err)
				}
				l.sys.Plug("/dev/video5", cam)
				shown(l.t, l.mustOpen())
				l.close()
				if s := l.stats(); s.Reopened != 1 || s.Opened != 2 {
					l.t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestStalledEncoder: the pictures go on, without the encoder.
func TestStalledEncoder(t *testing.T) {
	enc := encoder()
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": enc}, func(l *lab) {
		r := l.mustOpen()
		for range 10 {
			coded(l.t, r)
		}
		enc.Stall(true)
		start := time.Now()
		for {
			if _, raw := shown(l.t, r).(*image.YCbCr); raw {
				break
			}
			if time.Since(start) > 10*time.Second {
				l.t.Fatal("no raw picture within 10 s")
			}
		}
		l.close()
		if s := l.stats(); s.Fallbacks == 0 || !strings.Contains(s.Route, "in software") {
			l.t.Errorf("%+v", s)
		}
		if !strings.Contains(l.log.String(), "going on with the next") {
			l.t.Errorf("the log does not tell: %s", l.log.String())
		}
		// The encoder is avoided for a minute, then tried again.
		if _, raw := shown(l.t, l.mustOpen()).(*image.YCbCr); !raw {
			l.t.Error("the stalled encoder is tried again at once")
		}
		l.close()
		enc.Stall(false)
		time.Sleep(2 * avoidFor)
		coded(l.t, l.mustOpen())
		l.close()
	})
}

// TestReadAfterTheLastRoute: readers that share a camera come back after its
// error, and get it again.
func TestReadAfterTheLastRoute(t *testing.T) {
	enc, cam := encoder(), usbCamera(v4l2.YUYV)
	bubble(t, devices{"/dev/video0": cam, "/dev/video11": enc}, func(l *lab) {
		r := l.mustOpen()
		coded(l.t, r)
		cam.Fail(uapi.VIDIOC_STREAMON, syscall.EINVAL, 0)
		enc.Stall(true)
		var first error
		for first == nil {
			_, _, first = r.Read()
		}
		for range 3 {
			if _, _, err := r.Read(); err != first {
				l.t.Errorf("after %v: %v", first, err)
			}
		}
		l.close()
	})
}

// TestErrors: each names the device and what to do.
func TestErrors(t *testing.T) {
	tests := []struct {
		name   string
		break_ func(cam, enc *v4l2test.Device)
		want   []string
	}{
		{"busy", func(cam, _ *v4l2test.Device) { cam.Fail(uapi.VIDIOC_REQBUFS, syscall.EBUSY, 0) },
			[]string{`open camera "auto"`, "/dev/video0", "another program holds it"}},
		{"no bandwidth", func(cam, _ *v4l2test.Device) { cam.Fail(uapi.VIDIOC_STREAMON, syscall.ENOSPC, 0) },
			[]string{"/dev/video0", "no bandwidth left"}},
		{"not allowed", func(cam, _ *v4l2test.Device) { cam.FailOpen(syscall.EACCES) },
			[]string{"/dev/video0", `add this program's user to the group "video"`}},
		{"no picture", func(cam, _ *v4l2test.Device) { cam.Stall(true) },
			[]string{`read camera "auto"`, "/dev/video0", "no picture from the camera within 3s", "privacy switch"}},
		{"faulty", func(cam, _ *v4l2test.Device) { cam.Fail(uapi.VIDIOC_DQBUF, syscall.EIO, 0) },
			[]string{"/dev/video0", "the device or its cable is faulty"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cam, enc := usbCamera(v4l2.YUYV), encoder()
			bubble(t, devices{"/dev/video0": cam, "/dev/video11": enc}, func(l *lab) {
				tt.break_(cam, enc)
				r, err := l.open()
				if err == nil {
					_, _, err = r.Read()
				}
				if err == nil {
					l.t.Fatal("no error")
				}
				for _, part := range tt.want {
					if !strings.Contains(err.Error(), part) {
						l.t.Errorf("error %q lacks %q", err, part)
					}
				}
				l.close()
			})
		})
	}
}

// TestRefusedFormat: a camera that makes another size of every route.
func TestRefusedFormat(t *testing.T) {
	cam := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.YUYV}, Options: v4l2test.Options{Width: 352, Height: 288}})
	bubble(t, devices{"/dev/video0": cam}, func(l *lab) {
		_, err := l.open()
		if err == nil || !strings.Contains(err.Error(), "/dev/video0: the camera made 352x288 YUYV of 640x480 YUYV; choose a size") {
			l.t.Errorf("error %v", err)
		}
		l.close()
	})
}

// TestBusyEncoder: an encoder that another program holds is done without.
func TestBusyEncoder(t *testing.T) {
	enc := encoder()
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": enc}, func(l *lab) {
		enc.Fail(uapi.VIDIOC_STREAMON, syscall.EBUSY, 0)
		if _, raw := shown(l.t, l.mustOpen()).(*image.YCbCr); !raw {
			l.t.Error("the picture is encoded")
		}
		l.close()
	})
}

// TestBrokenPictures: single ones are left out, many in a row are an error.
func TestBrokenPictures(t *testing.T) {
	good := jpegCamera()
	good.Corrupt(3)
	bubble(t, devices{"/dev/video0": good}, func(l *lab) {
		shown(l.t, l.mustOpen())
		l.close()
		if s := l.stats(); s.Damaged != 3 {
			l.t.Errorf("%+v", s)
		}
	})
	bad := v4l2test.NewCamera(v4l2test.CameraConfig{
		Formats: []v4l2.FourCC{v4l2.MJPG}, Picture: func(v4l2.Format, uint32) []byte { return []byte("no JPEG") },
	})
	bubble(t, devices{"/dev/video0": bad}, func(l *lab) {
		_, _, err := l.mustOpen().Read()
		if err == nil || !strings.Contains(err.Error(), "31 broken pictures in a row, last: decode JPEG: Not a JPEG file") {
			l.t.Errorf("error %v", err)
		}
		l.close()
	})
}

// TestCameraEncoder: key frames and bitrate of a passed-through camera, by the
// extension unit, by V4L2, or not at all.
func TestCameraEncoder(t *testing.T) {
	const unit, keys, rate = 12, 9, 14
	descriptor := append([]byte{24, 0x24, 6, unit, 0x41, 0x76, 0x9e, 0xa2, 0x04, 0xde, 0xe3, 0x47, 0x8b, 0x2b, 0xf4, 0x34, 0x1a, 0xff, 0x00, 0x3b}, 0, 0, 0, 0)
	ask := func(l *lab) error {
		defer l.close()
		f := coded(l.t, l.mustOpen())
		return errors.Join(f.ForceKeyFrame(), f.SetBitRate(300_000))
	}
	byUnit := usbCamera(v4l2.H264)
	byUnit.SetUnit(unit, keys, make([]byte, 4))
	byUnit.SetUnit(unit, rate, make([]byte, 10))
	bubble(t, devices{"/dev/video0": byUnit}, func(l *lab) {
		l.host.descriptors = func(string) []byte { return descriptor }
		if err := ask(l); err != nil || byUnit.Unit(unit, keys)[2] != 2 || byUnit.Unit(unit, rate)[6] != 0xe0 {
			l.t.Errorf("%v, % x, % x", err, byUnit.Unit(unit, keys), byUnit.Unit(unit, rate))
		}
	})
	byControl := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.H264}, Controls: []v4l2test.Control{
		{ID: v4l2.ControlBitrate, Name: "Bitrate", Type: v4l2.TypeInteger, Min: 25_000, Max: 1e7, Step: 25_000},
		{ID: v4l2.ControlForceKeyFrame, Name: "Force", Type: v4l2.TypeButton},
	}})
	bubble(t, devices{"/dev/video0": byControl}, func(l *lab) {
		if err := ask(l); err != nil || byControl.Value(v4l2.ControlBitrate) != 300_000 {
			l.t.Errorf("%v, %d bit/s", err, byControl.Value(v4l2.ControlBitrate))
		}
	})
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.H264)}, func(l *lab) {
		err := ask(l)
		if err == nil || !strings.Contains(err.Error(), "camera /dev/video0 (Simulated Camera) makes no key frames on demand") {
			l.t.Errorf("error %v", err)
		}
		if s := l.stats(); s.KeyForced != 0 || s.BitrateChanges != 0 {
			l.t.Errorf("counted what was not done: %+v", s)
		}
		if !strings.Contains(l.log.String(), "camera keeps its bitrate") {
			l.t.Errorf("the log does not tell: %s", l.log.String())
		}
	})
}

// TestTurnRefused: a camera that gives H.264 only cannot be turned.
func TestTurnRefused(t *testing.T) {
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.H264)}, func(l *lab) {
		l.cfg.Rotation = 180
		_, err := explainOn(l.cfg, l.host)
		if err == nil || !strings.Contains(err.Error(), "its H.264 cannot be turned") {
			l.t.Errorf("error %v", err)
		}
	})
}

func TestSnapshotAndRate(t *testing.T) {
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV, v4l2.H264), "/dev/video11": encoder()}, func(l *lab) {
		img, how, err := snapshotOn(l.t.Context(), l.cfg, l.host)
		if err != nil || img.Bounds() != image.Rect(0, 0, 640, 480) || how != "YUYV 640x480 at 15/s from /dev/video0 (Simulated Camera)" {
			l.t.Errorf("picture by %q, %v", how, err)
		}
		m, err := measureOn(l.t.Context(), l.cfg, 31, l.host)
		if err != nil || m.Frames != 31 || m.FPS < 14.9 || m.FPS > 15.1 || m.Key == 0 || m.Bytes == 0 || m.First <= 0 {
			l.t.Errorf("%+v, %v", m, err)
		}
		if err := l.sys.Left(); err != nil {
			l.t.Error(err)
		}
	})
	silent := usbCamera(v4l2.YUYV)
	silent.Stall(true)
	bubble(t, devices{"/dev/video0": silent}, func(l *lab) {
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		if _, err := measureOn(ctx, l.cfg, 5, l.host); !errors.Is(err, context.DeadlineExceeded) {
			l.t.Errorf("error %v", err)
		}
		if err := l.sys.Left(); err != nil {
			l.t.Error(err)
		}
	})
}

// TestSimulatedSources: pictures of the test pattern and none of a recording.
func TestSimulatedSources(t *testing.T) {
	cfg := Config{Source: SourceTest, Width: 320, Height: 240, FPS: 30}
	if img, how, err := Snapshot(t.Context(), cfg); err != nil || how != SourceTest || img.Bounds().Dx() != 320 {
		t.Errorf("picture by %q, %v", how, err)
	}
	if m, err := MeasureRate(t.Context(), cfg, 3); err != nil || m.Frames != 3 {
		t.Errorf("%+v, %v", m, err)
	}
	cfg.Source = "file:testdata/baseline.h264"
	if _, _, err := Snapshot(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "come encoded") {
		t.Errorf("error %v", err)
	}
}

func TestListAndEncoders(t *testing.T) {
	closed := usbCamera(v4l2.YUYV)
	closed.FailOpen(syscall.EACCES)
	l := newLab(t, devices{"/dev/video0": usbCamera(v4l2.YUYV, v4l2.MJPG), "/dev/video2": closed, "/dev/video11": encoder()})
	l.host.links = func() map[string]string { return map[string]string{"/dev/video0": "/dev/v4l/by-id/usb-x"} }
	infos, err := l.host.list()
	if err == nil || !strings.Contains(err.Error(), "/dev/video2") {
		t.Errorf("error %v", err)
	}
	if len(infos) != 1 || infos[0].Link != "/dev/v4l/by-id/usb-x" || infos[0].Kind != "camera" || len(infos[0].Formats) != 2 || len(infos[0].Formats[0].Sizes) != 2 {
		t.Errorf("%+v", infos)
	}
	codecs, _ := l.host.codecs()
	if len(codecs) != 1 || codecs[0].Role != "H.264 encoder" || len(codecs[0].Takes) != 3 {
		t.Errorf("%+v", codecs)
	}
}

// TestWrongPaths on the machine that runs the test: no camera is needed.
func TestWrongPaths(t *testing.T) {
	file := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"/dev/null":             "not a video device",
		"/dev/none":             "open /dev/none: no such file or directory: check the cable",
		"/dev/.." + file:        "not a video device",
		"usb:no-such-camera-77": "no such camera",
	} {
		err := Check(source)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"`+source+`"`) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

func TestGroupName(t *testing.T) {
	etc := fstest.MapFS{"group": {Data: []byte("root:x:0:\nvideo:x:44:a,b\n:x:7:\nshort\n")}}
	for gid, want := range map[int]string{44: "video", 0: "root", 7: "?", 99: "?"} {
		if got := groupName(etc, gid, "?"); got != want {
			t.Errorf("group %d is %q, want %q", gid, got, want)
		}
	}
	if got := groupName(fstest.MapFS{}, 44, "?"); got != "?" {
		t.Errorf("without a file: %q", got)
	}
	if err := localHost().explain(fs.ErrPermission, "/dev/null"); !strings.Contains(err.Error(), `"root"`) {
		t.Error(err)
	}
}

// TestSoftwarePixels: what is measured is plausible for anything between a
// Pi Zero and a workstation.
func TestSoftwarePixels(t *testing.T) {
	p, err := softwarePixels()
	if err != nil || p < 1e5 || p > 1e10 {
		t.Errorf("%.0f pixels a second, %v", p, err)
	}
}

func TestConfigRefused(t *testing.T) {
	good := Config{Source: "auto", Width: 640, Height: 480, FPS: 15}
	for want, change := range map[string]func(*Config){
		"unknown source":              func(c *Config) { c.Source = "v4l2" },
		"rotation 45":                 func(c *Config) { c.Rotation = 45 },
		`power line frequency "55"`:   func(c *Config) { c.PowerLine = "55" },
		"width 641":                   func(c *Config) { c.Width = 641 },
		"fps 0":                       func(c *Config) { c.FPS = 0 },
		"the name after the colon mu": func(c *Config) { c.Source = "usb:" },
	} {
		cfg := good
		change(&cfg)
		if _, _, err := Register(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// encodedFrame is the seam that package media looks for.
type encodedFrame interface {
	image.Image
	Codec() string
	Payload() []byte
	KeyFrame() bool
	ForceKeyFrame() error
	SetBitRate(bps int) error
	Raw() image.Image
}

var _ encodedFrame = (*pipeline.Frame)(nil)
