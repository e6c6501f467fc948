package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func want(source string, w, h, fps int) Want {
	s, err := ParseSource(source)
	if err != nil {
		panic(err)
	}
	return Want{Source: s, Width: w, Height: h, FPS: fps}
}

func turned(w Want, rotation int, mirror bool) Want {
	w.Turn = Turn{Rotation: rotation, Mirror: mirror}
	return w
}

func TestMake(t *testing.T) {
	hd := want("auto", 1280, 720, 30)
	vga := want("auto", 640, 480, 25)
	const rpicam = "/usr/bin/rpicam-vid"
	tests := []struct {
		name    string
		machine Machine
		want    Want
		route   string // as String gives it
		reason  string // one of the reasons
	}{
		{"camera with H.264", Machine{Nodes: nodes(c920(), uvcMeta(), piCodecs())}, hd,
			"H264 1280x720 at 30/s from /dev/video0 (HD Pro Webcam C920)", "the camera encodes H.264 itself"},
		{"camera with H.264, mirrored", Machine{Nodes: nodes(c920(), piCodecs())}, turned(hd, 0, true),
			"MJPG 1280x720 at 30/s from /dev/video0 (HD Pro Webcam C920) → JPEG decoder /dev/video10 (bcm2835-codec-decode) → turned in software (rotation 0, mirror true) → H.264 encoder /dev/video11 (bcm2835-codec-encode)",
			"its H.264 cannot be turned"},
		{"webcam, small picture", Machine{Nodes: nodes(webcam(), piCodecs())}, want("usb", 640, 480, 30),
			"YUYV 640x480 at 30/s from /dev/video0 (USB 2.0 Camera) → H.264 encoder /dev/video11 (bcm2835-codec-encode) by dma-buf", "the hardware encoder takes the camera's YUYV"},
		{"webcam, big picture", Machine{Nodes: nodes(webcam(), piCodecs())}, hd,
			"MJPG 1280x720 at 30/s from /dev/video0 (USB 2.0 Camera) → JPEG decoder /dev/video10 (bcm2835-codec-decode) → H.264 encoder /dev/video11 (bcm2835-codec-encode) by dma-buf",
			"decoder and encoder in hardware"},
		{"webcam, encoder without YUYV", Machine{Nodes: nodes(webcam(), boardEncoder())}, want("usb", 640, 480, 30),
			"YUYV 640x480 at 30/s from /dev/video0 (USB 2.0 Camera) → H.264 encoder /dev/video1 (vh264)", ""},
		{"JPEG camera without a decoder", Machine{Nodes: nodes(jpegOnly(), boardEncoder())}, hd,
			"MJPG 1280x720 at 30/s from /dev/video0 (USB 2.0 Camera) → JPEG decoder in software → H.264 encoder /dev/video1 (vh264)", "no hardware decoder of JPEG"},
		{"PC", Machine{Nodes: nodes(webcam())}, hd,
			"MJPG 1280x720 at 30/s from /dev/video0 (USB 2.0 Camera) → JPEG decoder in software → H.264 encoder in software", "no hardware encoder"},
		{"slow machine", Machine{Nodes: nodes(webcam()), SoftwarePixels: 640 * 360 * 15}, hd,
			"YUYV 640x360 at 15/s from /dev/video0 (USB 2.0 Camera) → H.264 encoder in software", "comes nearest to 1280x720 at 30/s"},
		{"virtual camera", Machine{Nodes: nodes(vivid(), boardEncoder())}, vga,
			"NV12 640x480 at 25/s from /dev/video0 (vivid) → H.264 encoder /dev/video1 (vh264) by dma-buf", "takes the camera's NV12"},
		{"virtual camera, slow at the size that is wanted", Machine{Nodes: nodes(vivid(), boardEncoder())}, hd,
			"NV12 1280x720 at 13/s from /dev/video0 (vivid) → H.264 encoder /dev/video1 (vh264) by dma-buf", "comes nearest to 1280x720 at 30/s"},
		{"webcam, too slow at the size that is wanted", Machine{Nodes: nodes(rawOnly(), piCodecs())}, want("usb", 1920, 1080, 30),
			"YUYV 1280x720 at 10/s from /dev/video0 (USB 2.0 Camera) → H.264 encoder /dev/video11 (bcm2835-codec-encode) by dma-buf", ""},
		{"virtual camera, flipped by control", Machine{Nodes: nodes(vivid(), boardEncoder())}, turned(vga, 180, true),
			"NV12 640x480 at 25/s from /dev/video0 (vivid) → H.264 encoder /dev/video1 (vh264) by dma-buf", ""},
		{"virtual camera, upright", Machine{Nodes: nodes(vivid(), boardEncoder())}, turned(want("auto", 360, 640, 25), 90, false),
			"NV12 640x360 at 25/s from /dev/video0 (vivid) → turned in software (rotation 90, mirror false) → H.264 encoder /dev/video1 (vh264)", ""},
		{"virtual camera beside a real one", Machine{Nodes: nodes(vivid(), boardEncoder(), c920())}, vga,
			"H264 640x480 at 30/s from /dev/video0 (HD Pro Webcam C920)", ""},
		{"legacy CSI", Machine{Nodes: nodes(legacy(), piCodecs())}, turned(want("csi", 1280, 720, 30), 90, false),
			"H264 720x1280 at 30/s from /dev/video0 (mmal service 16.1)", "the camera encodes H.264 itself"},
		{"CSI on a Pi 4", Machine{Nodes: nodes(unicam(), piCodecs()), RPiCam: rpicam}, hd,
			"YU12 1280x720 at 30/s from rpicam-vid → H.264 encoder /dev/video11 (bcm2835-codec-encode)", "the hardware encoder takes"},
		{"CSI on a Pi 5", Machine{Nodes: nodes(pi5()), RPiCam: rpicam}, want("csi", 1280, 720, 30),
			"H264 1280x720 at 30/s from rpicam-vid", "no hardware encoder"},
		{"USB beside CSI on a Pi 5", Machine{Nodes: nodes(pi5(), webcam()), RPiCam: rpicam, SoftwarePixels: 1e7}, want("usb:camera", 640, 480, 30),
			"YUYV 640x480 at 30/s from /dev/video0 (USB 2.0 Camera) → H.264 encoder in software", ""},
		{"by link", Machine{Nodes: nodes(vivid(), c920())}, want(c920().Link, 640, 480, 30),
			"H264 640x480 at 30/s from /dev/video0 (HD Pro Webcam C920)", ""},
		{"raw for a picture", Machine{Nodes: nodes(c920(), piCodecs()), SoftwarePixels: 1}, func() Want { w := hd; w.Raw = true; return w }(),
			"MJPG 1280x720 at 30/s from /dev/video0 (HD Pro Webcam C920) → JPEG decoder in software → H.264 encoder in software", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want.Raw {
				tt.machine.SoftwarePixels = 0
			}
			c, err := Make(tt.machine, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.String(); got != tt.route {
				t.Errorf("route:\n got %s\nwant %s", got, tt.route)
			}
			if !strings.Contains(strings.Join(c.Reasons, "; "), tt.reason) {
				t.Errorf("reasons %q, want %q", c.Reasons, tt.reason)
			}
		})
	}
}

// TestPace: the better rate is never worth less, and 10 frames a second of the
// wanted size more than a quarter of it at full rate.
func TestPace(t *testing.T) {
	for _, want := range []float64{5, 10, 15, 30, 60} {
		last := 0.0
		for rate := 0.5; rate <= 2*want; rate += 0.5 {
			worth := pace(rate, want)
			if worth < last || worth > 1 || (worth == 1) != (rate >= want) {
				t.Errorf("%v of %v frames a second is worth %v, after %v", rate, want, worth, last)
			}
			last = worth
		}
	}
	if pace(minFPS, 30) <= 0.5 || pace(minFPS-1, 30) >= 0.6 {
		t.Errorf("%v at 10/s, %v at 9/s", pace(minFPS, 30), pace(minFPS-1, 30))
	}
}

func TestMakeFails(t *testing.T) {
	path := func(p string) Want { return want(p, 1280, 720, 30) }
	h264Only := c920()
	h264Only.Formats = h264Only.Formats[1:2]
	tests := []struct {
		name    string
		machine Machine
		want    Want
		err     string
		none    bool
	}{
		{"nothing attached", Machine{Nodes: piCodecs()}, want("auto", 640, 480, 30), "no camera is attached; check the cable", true},
		{"wrong transport", Machine{Nodes: nodes(webcam())}, want("csi", 640, 480, 30), "there are /dev/video0 (USB 2.0 Camera)", true},
		{"wrong name", Machine{Nodes: nodes(webcam())}, want("usb:c920", 640, 480, 30), "there are /dev/video0 (USB 2.0 Camera)", true},
		{"receiver without rpicam-vid", Machine{Nodes: nodes(unicam(), piCodecs())}, want("auto", 640, 480, 30), "needs rpicam-vid", false},
		{"metadata node", Machine{Nodes: nodes(c920(), uvcMeta())}, path("/dev/video1"), "is metadata, not pictures", false},
		{"encoder as camera", Machine{Nodes: piCodecs()}, path("/dev/video11"), "is a H.264 encoder, not a camera", false},
		{"image processor as camera", Machine{Nodes: piCodecs()}, path("/dev/video14"), "is not a capture device", false},
		{"node that is not there", Machine{Nodes: nodes(c920())}, path("/dev/video7"), "there are /dev/video0 (HD Pro Webcam C920)", true},
		{"passthrough only, turned", Machine{Nodes: nodes(h264Only)}, turned(path("/dev/video0"), 180, false), "its H.264 cannot be turned", false},
		{"too slow", Machine{Nodes: nodes(jpegOnly()), SoftwarePixels: 1000}, want("auto", 640, 480, 30), "too much for the software encoder", false},
		{"upright picture of a Pi 5", Machine{Nodes: pi5(), RPiCam: "x", SoftwarePixels: 1000}, turned(want("csi", 640, 480, 30), 90, false), "cannot be turned by 90 degrees", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Make(tt.machine, tt.want)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("%v, error %v, want %q", c.Route, err, tt.err)
			}
			if errors.Is(err, ErrNoCamera) != tt.none {
				t.Errorf("ErrNoCamera is %v in %v", !tt.none, err)
			}
		})
	}
}

// TestFallbacks: every machine with an encoder can go on without it.
func TestFallbacks(t *testing.T) {
	c, err := Make(Machine{Nodes: nodes(c920(), piCodecs())}, want("auto", 1280, 720, 30))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	for _, r := range c.Fallbacks {
		if !slices.Contains(kinds, r.Kind) {
			kinds = append(kinds, r.Kind)
		}
	}
	if want := []Kind{JPEGM2M, JPEGSoftM2M, RawM2M, JPEGSoft, Raw}; !slices.Equal(kinds, want) {
		t.Errorf("fallbacks %v, want %v", kinds, want)
	}
}

func TestRoles(t *testing.T) {
	tests := []struct {
		node Node
		want []Role
	}{
		{c920(), []Role{Camera}},
		{uvcMeta(), nil},
		{legacy(), []Role{Camera}},
		{unicam()[0], []Role{Sensor}},
		{unicam()[1], nil},
		{piCodecs()[0], []Role{JPEGDecoder, H264Decoder}},
		{piCodecs()[1], []Role{Encoder}},
		{piCodecs()[2], nil},
		{piCodecs()[3], nil},
		{piCodecs()[4], nil},
		{pi5()[0], []Role{Sensor}},
		{pi5()[2], nil},
		{pi5()[3], nil},
		{vivid(), []Role{Camera}},
		{Node{Capture: true}, nil},
		{Node{Capture: true, Driver: "sun6i-csi", Formats: []Format{{FourCC: "BA81"}, {FourCC: "pgAA"}}}, nil},
		{Node{Capture: true, Driver: "mxc", Formats: []Format{{FourCC: "BA81"}, {FourCC: "RG10"}}}, []Role{Sensor}},
	}
	for _, tt := range tests {
		if got := tt.node.Roles(); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.node, got, tt.want)
		}
	}
}

func TestParseSource(t *testing.T) {
	for _, s := range []string{"auto", "usb", "csi", "usb:C920", "csi:imx708", "/dev/video3", "/dev/v4l/by-id/usb-x-index0"} {
		if got, err := ParseSource(s); err != nil || got.String() != s {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "auto:x", "usb:", "csi:" + strings.Repeat("x", 65), "video0", "/etc/passwd", "USB"} {
		if got, err := ParseSource(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}
