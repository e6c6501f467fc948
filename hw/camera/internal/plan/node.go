package plan

import (
	"slices"
	"strings"
)

// Pixel formats, by the four characters of videodev2.h.
const (
	H264 = "H264"
	MJPG = "MJPG"
	JPEG = "JPEG"
	NV12 = "NV12"
	YU12 = "YU12" // I420
	YUYV = "YUYV"
)

// rawFormats are those this program can read, the cheapest first: 12 bits a
// pixel before 16.
var rawFormats = [...]string{NV12, YU12, YUYV}

// Node is a video node and what its driver says of it.
type Node struct {
	Path   string // /dev/video0
	Link   string // /dev/v4l/by-id/…, "" without one
	Name   string // v4l2_capability.card
	Driver string
	Bus    string // v4l2_capability.bus_info

	Capture bool // single- or multi-planar video capture
	M2M     bool // memory to memory
	Meta    bool // metadata capture

	Formats []Format // of the CAPTURE queue
	Inputs  []string // of the OUTPUT queue, M2M only

	HFlip, VFlip, Rotate bool // controls it has
}

// Format is a pixel format of a node with its sizes.
type Format struct {
	FourCC string
	Sizes  []Size
	Range  *Range // of drivers with stepwise sizes
}

// Size is a picture size with its frame rates.
type Size struct {
	Width, Height int       // pixels
	Rates         []float64 // frames a second; none when the driver does not say
}

// Range is what stepwise sizes may be, in pixels.
type Range struct {
	MinWidth, MaxWidth, StepWidth    int
	MinHeight, MaxHeight, StepHeight int
}

// Role is what a node is good for.
type Role int

// The roles of a node.
const (
	Other       Role = iota // metadata, scalers, decoders of other codecs, outputs
	Camera                  // gives pictures to programs
	Sensor                  // raw Bayer receiver of a CSI camera: needs libcamera
	Encoder                 // stateful M2M encoder of H.264
	JPEGDecoder             // stateful M2M decoder of JPEG
	H264Decoder             // stateful M2M decoder of H.264
)

func (r Role) String() string {
	return [...]string{"other", "camera", "sensor", "H.264 encoder", "JPEG decoder", "H.264 decoder"}[r]
}

// Drivers whose capture nodes give no camera's pictures: the outputs of image
// signal processors and of codecs.
var notCameras = [...]string{"bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec", "rpivid", "hantro-vpu"}

// Receivers of CSI cameras on Raspberry Pi boards.
var receivers = [...]string{"unicam", "bcm2835-unicam", "rp1-cfe"}

// legacyCSI is the driver of the camera stack before libcamera.
const legacyCSI = "bm2835 mmal"

// Roles returns what a node is good for, by its capabilities and formats: one
// role, or two for a decoder of both JPEG and H.264. Node numbers differ
// between boards and say nothing.
func (n Node) Roles() []Role {
	switch {
	case n.M2M:
		return n.codecRoles()
	case !n.Capture || slices.Contains(notCameras[:], n.Driver):
		return nil
	case slices.Contains(receivers[:], n.Driver) || n.onlyBayer():
		return []Role{Sensor}
	case n.has(H264) || n.hasRaw() || n.jpeg() != "":
		return []Role{Camera}
	}
	return nil
}

// Is tells whether a node has a role.
func (n Node) Is(r Role) bool { return slices.Contains(n.Roles(), r) }

func (n Node) codecRoles() []Role {
	var roles []Role
	if n.has(H264) && n.takesRaw() {
		roles = append(roles, Encoder)
	}
	if n.hasRaw() && (n.takes(MJPG) || n.takes(JPEG)) {
		roles = append(roles, JPEGDecoder)
	}
	if n.hasRaw() && n.takes(H264) {
		roles = append(roles, H264Decoder)
	}
	return roles
}

// onlyBayer tells whether all formats are raw sensor data or luminance of more
// than eight bits, which no encoder here takes.
func (n Node) onlyBayer() bool {
	for _, f := range n.Formats {
		if !bayer(f.FourCC) {
			return false
		}
	}
	return len(n.Formats) > 0
}

// bayer knows the naming of V4L2_PIX_FMT_S*: BA81, GRBG, RG10, pRAA, BYR2 ….
func bayer(fourCC string) bool {
	for _, prefix := range [...]string{"BA", "GB", "GR", "RG", "BG", "pB", "pG", "pR", "BYR"} {
		if strings.HasPrefix(fourCC, prefix) && fourCC != "BGR3" && fourCC != "RGB3" && fourCC != "BGR4" && fourCC != "RGB4" && fourCC != "RGBP" {
			return true
		}
	}
	return false
}

func (n Node) format(fourCC string) (Format, bool) {
	i := slices.IndexFunc(n.Formats, func(f Format) bool { return f.FourCC == fourCC })
	if i < 0 {
		return Format{}, false
	}
	return n.Formats[i], true
}

func (n Node) has(fourCC string) bool   { _, ok := n.format(fourCC); return ok }
func (n Node) takes(fourCC string) bool { return slices.Contains(n.Inputs, fourCC) }
func (n Node) hasRaw() bool             { return slices.ContainsFunc(rawFormats[:], n.has) }
func (n Node) takesRaw() bool           { return slices.ContainsFunc(rawFormats[:], n.takes) }

// jpeg is the name the node has for JPEG pictures, "" without any.
func (n Node) jpeg() string {
	for _, f := range [...]string{MJPG, JPEG} {
		if n.has(f) {
			return f
		}
	}
	return ""
}

// transport is how a camera is attached.
func (n Node) transport() Transport {
	switch {
	case strings.HasPrefix(n.Bus, "usb-"):
		return USB
	case n.Driver == legacyCSI || slices.Contains(receivers[:], n.Driver):
		return CSI
	}
	return Any
}

// String names a node for people: its path and its card.
func (n Node) String() string {
	if n.Name == "" {
		return n.Path
	}
	return n.Path + " (" + n.Name + ")"
}
