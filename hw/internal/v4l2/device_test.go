package v4l2_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// cameraControls are some of each type.
func cameraControls() []v4l2test.Control {
	return []v4l2test.Control{
		{ID: v4l2.ControlBrightness, Name: "Brightness", Type: v4l2.TypeInteger, Min: -64, Max: 64, Step: 4},
		{ID: v4l2.ControlPowerLine, Name: "Power Line Frequency", Type: v4l2.TypeMenu, Max: 3, Value: 1, Menu: []string{"Disabled", "50 Hz", "", "Auto"}},
		{ID: v4l2.ControlExposureAuto, Name: "Exposure, Auto", Type: v4l2.TypeMenu, Max: 3, Value: 3, Menu: []string{"Auto", "Manual"}},
		{ID: v4l2.ControlHFlip, Name: "Horizontal Flip", Type: v4l2.TypeBoolean, Max: 1},
	}
}

// openCamera plugs a camera in and opens it.
func openCamera(t *testing.T, sys *v4l2test.System, cfg v4l2test.CameraConfig) (*v4l2.Device, *v4l2test.Device) {
	t.Helper()
	cam := v4l2test.NewCamera(cfg)
	sys.Plug(cameraPath, cam)
	d, err := v4l2.Open(sys, cameraPath)
	must(t, err)
	return d, cam
}

func TestDeviceTells(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		sizes := []v4l2.FrameSize{v4l2test.Size(640, 480), {MinWidth: 160, MaxWidth: 1920, StepWidth: 8, MinHeight: 120, MaxHeight: 1080, StepHeight: 4}}
		d, _ := openCamera(t, sys, v4l2test.CameraConfig{Sizes: sizes, Rates: []uint32{30, 15}})
		c := d.Capability()
		if d.Path() != cameraPath || c.Driver != "uvcvideo" || c.Card != "Simulated Camera" || c.Bus != "usb-0000:01:00.0-1.1" || !c.IsCamera() || c.IsCodec() {
			t.Errorf("%s: %+v", d.Path(), c)
		}
		formats, err := d.Formats(v4l2.QueueCapture)
		must(t, err)
		want := []v4l2.FormatInfo{{FourCC: v4l2.YUYV, Description: "simulated YUYV"}, {FourCC: v4l2.MJPG, Description: "simulated MJPG", Compressed: true}}
		if !slices.Equal(formats, want) {
			t.Errorf("%+v", formats)
		}
		if formats, err := d.Formats(v4l2.QueueOutput); err != nil || len(formats) != 0 {
			t.Errorf("OUTPUT of a camera: %v, %v", formats, err)
		}
		got, err := d.FrameSizes(v4l2.YUYV)
		must(t, err)
		if !slices.Equal(got, sizes) || !got[0].Discrete() || got[1].Discrete() || !got[1].Has(648, 124) || got[1].Has(644, 124) || got[0].Has(320, 240) {
			t.Errorf("%+v", got)
		}
		if none, err := d.FrameSizes(v4l2.H264); err != nil || len(none) != 0 {
			t.Errorf("%v, %v", none, err)
		}
		intervals, err := d.FrameIntervals(v4l2.YUYV, 640, 480)
		must(t, err)
		if len(intervals) != 2 || intervals[0].Min.FPS() != 30 || intervals[1].Max.FPS() != 15 {
			t.Errorf("%+v", intervals)
		}
		must(t, d.Close())
		if err := d.Close(); err == nil {
			t.Error("closed twice")
		}
	})
}

// TestDeviceSets asks for formats and rates a camera does not have.
func TestDeviceSets(t *testing.T) {
	tests := []struct {
		name string
		opts v4l2test.Options
		ask  v4l2.Format
		want v4l2.Format
	}{
		{"as asked", v4l2test.Options{}, v4l2.Format{FourCC: v4l2.YUYV, Width: 1280, Height: 720}, v4l2.Format{FourCC: v4l2.YUYV, Width: 1280, Height: 720, Stride: 2560, SizeImage: 2560 * 720}},
		{"another size", v4l2test.Options{}, v4l2.Format{FourCC: v4l2.YUYV, Width: 800, Height: 600}, v4l2.Format{FourCC: v4l2.YUYV, Width: 640, Height: 480, Stride: 1280, SizeImage: 1280 * 480}},
		{"another format", v4l2test.Options{}, v4l2.Format{FourCC: v4l2.H264, Width: 640, Height: 480}, v4l2.Format{FourCC: v4l2.YUYV, Width: 640, Height: 480, Stride: 1280, SizeImage: 1280 * 480}},
		{"driver's own size", v4l2test.Options{Width: 352, Height: 288}, v4l2.Format{FourCC: v4l2.YUYV, Width: 640, Height: 480}, v4l2.Format{FourCC: v4l2.YUYV, Width: 352, Height: 288, Stride: 704, SizeImage: 704 * 288}},
		{"odd image size", v4l2test.Options{SizeImage: 12345}, v4l2.Format{FourCC: v4l2.YUYV, Width: 640, Height: 480}, v4l2.Format{FourCC: v4l2.YUYV, Width: 640, Height: 480, Stride: 1280, SizeImage: 12345}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				d, _ := openCamera(t, sys, v4l2test.CameraConfig{Options: tt.opts})
				got, err := d.SetFormat(v4l2.QueueCapture, tt.ask)
				must(t, err)
				now, err := d.Format(v4l2.QueueCapture)
				must(t, err)
				if got != tt.want || now != tt.want {
					t.Errorf("%+v, then %+v, want %+v", got, now, tt.want)
				}
				interval, err := d.SetFrameRate(v4l2.QueueCapture, v4l2.Fraction{Numerator: 1, Denominator: 17})
				must(t, err)
				if now, err := d.FrameRate(v4l2.QueueCapture); interval.FPS() != 15 || err != nil || now != interval {
					t.Errorf("%v, then %v, %v", interval, now, err)
				}
				must(t, d.Close())
			})
		})
	}
}

// TestDeviceBusy is a camera that another program streams from.
func TestDeviceBusy(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
		d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
		other, err := v4l2.Open(sys, cameraPath)
		must(t, err)
		if _, err := other.SetFormat(v4l2.QueueCapture, v4l2.Format{FourCC: v4l2.MJPG, Width: 640, Height: 480}); !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), cameraPath) {
			t.Errorf("set format: %v", err)
		}
		if _, err := other.StartCapture(v4l2.CaptureConfig{}); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("start: %v", err)
		}
		must(t, other.Close())
		end(t, d, c)
	})
}

func TestControls(t *testing.T) {
	for name, old := range map[string]bool{"64 bits": false, "32 bits": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				d, cam := openCamera(t, sys, v4l2test.CameraConfig{Controls: cameraControls(), Options: v4l2test.Options{OldControls: old}})
				all, err := d.Controls()
				must(t, err)
				if len(all) != 4 || all[0].ID != v4l2.ControlBrightness || all[1].Name != "Horizontal Flip" || all[3].ID != v4l2.ControlExposureAuto {
					t.Errorf("%+v", all)
				}
				b, err := d.Control(v4l2.ControlBrightness)
				must(t, err)
				if b.Min != -64 || b.Max != 64 || b.Step != 4 || b.Default != 0 || b.Type != v4l2.TypeInteger {
					t.Errorf("%+v", b)
				}
				must(t, d.SetControl(v4l2.ControlBrightness, -20))
				if v, err := d.GetControl(v4l2.ControlBrightness); v != -20 || err != nil || cam.Value(v4l2.ControlBrightness) != -20 {
					t.Errorf("%d, %v", v, err)
				}
				if err := d.SetControl(v4l2.ControlBrightness, 100); !errors.Is(err, syscall.ERANGE) {
					t.Error(err)
				}
				power, err := d.Control(v4l2.ControlPowerLine)
				must(t, err)
				items, err := d.Menu(power)
				must(t, err)
				want := []v4l2.MenuItem{{Value: 0, Name: "Disabled"}, {Value: 1, Name: "50 Hz"}, {Value: 3, Name: "Auto"}}
				if !slices.Equal(items, want) {
					t.Errorf("%+v", items)
				}
				must(t, d.Close())
			})
		})
	}
}

func TestMissingControl(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, _ := openCamera(t, sys, v4l2test.CameraConfig{Controls: cameraControls(), Options: v4l2test.Options{Missing: []v4l2.ControlID{v4l2.ControlHFlip}}})
		_, err := d.Control(v4l2.ControlHFlip)
		_, getErr := d.GetControl(v4l2.ControlHFlip)
		for _, err := range []error{err, getErr, d.SetControl(v4l2.ControlHFlip, 1)} {
			if !errors.Is(err, v4l2.ErrNoControl) || !strings.Contains(err.Error(), cameraPath) {
				t.Error(err)
			}
		}
		must(t, d.Close())
	})
}

func TestClamp(t *testing.T) {
	c := v4l2.ControlInfo{Min: 25000, Max: 100000, Step: 25000}
	for in, want := range map[int64]int64{-5: 25000, 25000: 25000, 49999: 25000, 50000: 50000, 1e9: 100000} {
		if got := c.Clamp(in); got != want {
			t.Errorf("Clamp(%d) = %d, want %d", in, got, want)
		}
	}
}

func TestUVCQuery(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, cam := openCamera(t, sys, v4l2test.CameraConfig{})
		cam.SetUnit(3, 9, []byte{1, 2, 3, 4})
		length := make([]byte, 2)
		must(t, d.UVCQuery(3, 9, uapi.UVC_GET_LEN, length))
		if length[0] != 4 || length[1] != 0 {
			t.Errorf("length %v", length)
		}
		must(t, d.UVCQuery(3, 9, uapi.UVC_SET_CUR, []byte{9, 8, 7, 6}))
		got := make([]byte, 4)
		must(t, d.UVCQuery(3, 9, uapi.UVC_GET_CUR, got))
		if !slices.Equal(got, []byte{9, 8, 7, 6}) || !slices.Equal(cam.Unit(3, 9), got) {
			t.Errorf("%v", got)
		}
		for name, tt := range map[string]struct {
			unit uint8
			data []byte
			want error
		}{
			"unknown unit": {4, got, syscall.ENOENT},
			"wrong length": {3, got[:2], syscall.ENOBUFS},
			"no data":      {3, nil, syscall.EINVAL},
		} {
			if err := d.UVCQuery(tt.unit, 9, uapi.UVC_GET_CUR, tt.data); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, d.Close())
	})
}

// TestListsFail has a driver that fails in the middle, and one that never ends.
func TestListsFail(t *testing.T) {
	tests := []struct {
		name    string
		request uintptr
		list    func(d *v4l2.Device) error
	}{
		{"formats", uapi.VIDIOC_ENUM_FMT, func(d *v4l2.Device) error { _, err := d.Formats(v4l2.QueueCapture); return err }},
		{"sizes", uapi.VIDIOC_ENUM_FRAMESIZES, func(d *v4l2.Device) error { _, err := d.FrameSizes(v4l2.YUYV); return err }},
		{"intervals", uapi.VIDIOC_ENUM_FRAMEINTERVALS, func(d *v4l2.Device) error { _, err := d.FrameIntervals(v4l2.YUYV, 640, 480); return err }},
		{"controls", uapi.VIDIOC_QUERY_EXT_CTRL, func(d *v4l2.Device) error { _, err := d.Controls(); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				d, cam := openCamera(t, sys, v4l2test.CameraConfig{Controls: cameraControls()})
				cam.Fail(tt.request, syscall.EIO, 1)
				if err := tt.list(d); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), cameraPath) {
					t.Error(err)
				}
				must(t, tt.list(d))
				must(t, d.Close())
			})
		})
	}
}

// TestFind finds devices by what they can do, past a node that cannot be opened.
func TestFind(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		sys.Plug("/dev/video0", v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.H264, v4l2.YUYV}}))
		sys.Plug(decoderPath, v4l2test.NewDecoder(v4l2test.CodecConfig{}))
		sys.Plug(encoderPath, v4l2test.NewEncoder(v4l2test.CodecConfig{}))
		sys.Plug("/dev/video12", v4l2test.NewEncoder(v4l2test.CodecConfig{Coded: v4l2.JPEG})) // the Pi's still encoder
		broken := v4l2test.NewCamera(v4l2test.CameraConfig{})
		broken.FailOpen(syscall.EACCES)
		sys.Plug("/dev/video2", broken)
		tests := []struct {
			name string
			find func() ([]v4l2.Info, error)
			want string
		}{
			{"cameras", func() ([]v4l2.Info, error) { return v4l2.Cameras(sys) }, "/dev/video0"},
			{"encoders", func() ([]v4l2.Info, error) { return v4l2.Encoders(sys, v4l2.H264) }, encoderPath},
			{"decoders", func() ([]v4l2.Info, error) { return v4l2.Decoders(sys, v4l2.MJPG) }, decoderPath},
		}
		for _, tt := range tests {
			infos, err := tt.find()
			if len(infos) != 1 || infos[0].Path != tt.want {
				t.Errorf("%s: %+v", tt.name, infos)
			}
			if !errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), "/dev/video2") {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		sys.Unplug("/dev/video2")
		info, err := v4l2.Inspect(sys, encoderPath)
		must(t, err)
		if !info.Makes(v4l2.H264) || !info.Takes(v4l2.NV12) || info.Makes(v4l2.NV12) {
			t.Errorf("%+v", info)
		}
		if none, err := v4l2.Encoders(sys, v4l2.MJPG); err != nil || len(none) != 0 {
			t.Errorf("%v, %v", none, err)
		}
	})
}

func TestFourCC(t *testing.T) {
	for format, want := range map[v4l2.FourCC]string{v4l2.YU12: "YU12", v4l2.MJPG: "MJPG", 0x20203859: "Y8", 1: "..."} {
		got := format.String()
		if got != want && !(format == 1 && got == "....") {
			t.Errorf("%#x is %q, want %q", uint32(format), got, want)
		}
	}
}
