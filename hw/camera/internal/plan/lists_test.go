package plan

// Nodes as drivers of real devices report them.

func size(w, h int, rates ...float64) Size { return Size{Width: w, Height: h, Rates: rates} }

// c920 is a camera with H.264, JPEG and raw pictures, the latter at the rates
// that USB 2 has room for.
func c920() Node {
	return Node{
		Path: "/dev/video0", Link: "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_A1B2C3D4-video-index0",
		Name: "HD Pro Webcam C920", Driver: "uvcvideo", Bus: "usb-0000:01:00.0-1.2", Capture: true,
		Formats: []Format{
			{FourCC: YUYV, Sizes: []Size{size(640, 480, 30, 24, 20, 15), size(640, 360, 30, 24), size(1280, 720, 10, 7.5, 5), size(1920, 1080, 5)}},
			{FourCC: H264, Sizes: []Size{size(640, 480, 30, 24), size(640, 360, 30), size(1280, 720, 30, 24, 15), size(1920, 1080, 30)}},
			{FourCC: MJPG, Sizes: []Size{size(640, 480, 30), size(1280, 720, 30, 24), size(1920, 1080, 30)}},
		},
	}
}

// webcam is a cheap camera without H.264.
func webcam() Node {
	n := c920()
	n.Name, n.Link, n.Bus = "USB 2.0 Camera", "/dev/v4l/by-id/usb-Generic_USB2.0_Camera-video-index0", "usb-0000:01:00.0-1.3"
	n.Formats = []Format{n.Formats[2], n.Formats[0]}
	return n
}

// jpegOnly is webcam without raw pictures.
func jpegOnly() Node {
	n := webcam()
	n.Formats = n.Formats[:1]
	return n
}

// rawOnly is webcam without JPEG.
func rawOnly() Node {
	n := webcam()
	n.Formats = n.Formats[1:]
	return n
}

// uvcMeta is the metadata node that stands beside every UVC camera.
func uvcMeta() Node {
	return Node{
		Path: "/dev/video1", Name: "HD Pro Webcam C920", Driver: "uvcvideo", Bus: "usb-0000:01:00.0-1.2", Meta: true,
		Formats: []Format{{FourCC: "UVCH"}},
	}
}

func vivid() Node {
	var formats []Format
	for _, f := range []string{YUYV, "UYVY", "NV16", NV12, YU12, "RGB3", "BA81"} {
		formats = append(formats, Format{FourCC: f, Sizes: []Size{
			size(320, 180, 1, 5, 10, 15, 25, 30, 60), size(640, 360, 1, 5, 10, 15, 25, 30), size(640, 480, 1, 5, 10, 15, 25), size(1280, 720, 1, 5, 10, 12.5),
		}})
	}
	return Node{
		Path: "/dev/video0", Name: "vivid", Driver: "vivid", Bus: "platform:vivid-000", Capture: true,
		Formats: formats, HFlip: true, VFlip: true,
	}
}

// legacy is the camera stack of Raspberry Pi OS before libcamera.
func legacy() Node {
	r := &Range{MinWidth: 32, MaxWidth: 2592, StepWidth: 2, MinHeight: 32, MaxHeight: 1944, StepHeight: 2}
	return Node{
		Path: "/dev/video0", Name: "mmal service 16.1", Driver: "bm2835 mmal", Bus: "platform:bcm2835-v4l2-0", Capture: true,
		Formats: []Format{
			{FourCC: YU12, Range: r}, {FourCC: YUYV, Range: r}, {FourCC: "RGB3", Range: r}, {FourCC: JPEG, Range: r},
			{FourCC: H264, Range: r}, {FourCC: MJPG, Range: r}, {FourCC: NV12, Range: r},
		},
		HFlip: true, VFlip: true, Rotate: true,
	}
}

// unicam is the CSI receiver of a Pi up to 4 with its metadata node.
func unicam() []Node {
	bayer := []Format{{FourCC: "pBAA"}, {FourCC: "BG10"}, {FourCC: "pGAA"}, {FourCC: "RG10"}, {FourCC: "GB12"}, {FourCC: "BYR2"}}
	return []Node{
		{Path: "/dev/video0", Name: "unicam-image", Driver: "unicam", Bus: "platform:fe801000.csi", Capture: true, Formats: bayer},
		{Path: "/dev/video1", Name: "unicam-embedded", Driver: "unicam", Bus: "platform:fe801000.csi", Meta: true},
	}
}

// piCodecs are the codec and image processor nodes of a Pi up to 4.
func piCodecs() []Node {
	raw := []Format{{FourCC: YU12}, {FourCC: "YV12"}, {FourCC: NV12}, {FourCC: YUYV}, {FourCC: "RGBP"}}
	inputs := []string{YU12, "YV12", NV12, YUYV, "RGBP"}
	codec := func(path, name string, inputs []string, outputs []Format) Node {
		return Node{Path: path, Name: name, Driver: "bcm2835-codec", Bus: "platform:bcm2835-codec", M2M: true, Inputs: inputs, Formats: outputs}
	}
	return []Node{
		codec("/dev/video10", "bcm2835-codec-decode", []string{H264, MJPG, "VC1G"}, raw),
		codec("/dev/video11", "bcm2835-codec-encode", inputs, []Format{{FourCC: H264}, {FourCC: MJPG}}),
		codec("/dev/video12", "bcm2835-codec-isp", inputs, raw),
		{Path: "/dev/video14", Name: "bcm2835-isp", Driver: "bcm2835-isp", Bus: "platform:bcm2835-isp", Capture: true, Formats: raw},
		codec("/dev/video31", "bcm2835-codec-encode_image", inputs, []Format{{FourCC: JPEG}}),
	}
}

// pi5 are the receiver and processor nodes of a Pi 5, which has no encoder.
func pi5() []Node {
	return []Node{
		{Path: "/dev/video0", Name: "rp1-cfe", Driver: "rp1-cfe", Bus: "platform:1f00128000.csi", Capture: true, Formats: []Format{{FourCC: YUYV}, {FourCC: "pBAA"}, {FourCC: "RG10"}}},
		{Path: "/dev/video4", Name: "rp1-cfe", Driver: "rp1-cfe", Bus: "platform:1f00128000.csi", Meta: true},
		{Path: "/dev/video19", Name: "rpi-hevc-dec", Driver: "rpi-hevc-dec", Bus: "platform:rpi-hevc-dec", M2M: true, Inputs: []string{"S265"}, Formats: []Format{{FourCC: "NC12"}}},
		{Path: "/dev/video20", Name: "pispbe", Driver: "pispbe", Bus: "platform:1000880000.pisp_be", Capture: true, Formats: []Format{{FourCC: YU12}, {FourCC: NV12}}},
	}
}

// boardEncoder is an M2M encoder that claims to be the Pi's.
func boardEncoder() Node {
	return Node{
		Path: "/dev/video1", Name: "vh264", Driver: "bcm2835-codec", Bus: "platform:vh264", M2M: true,
		Inputs: []string{YU12, NV12}, Formats: []Format{{FourCC: H264}},
	}
}

func nodes(parts ...any) []Node {
	var all []Node
	for _, p := range parts {
		switch p := p.(type) {
		case Node:
			all = append(all, p)
		case []Node:
			all = append(all, p...)
		}
	}
	return all
}
