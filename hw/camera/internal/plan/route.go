package plan

import (
	"fmt"
	"strings"
)

// Kind is a way from a camera to encoded pictures.
type Kind int

// The kinds, the cheapest first.
const (
	Passthrough Kind = iota // the camera's own H.264
	RawM2M                  // raw pictures into the hardware encoder
	JPEGM2M                 // JPEG through the hardware decoder into the hardware encoder
	ChildRaw                // rpicam-vid's raw pictures into the hardware encoder
	ChildH264               // rpicam-vid's own H.264
	JPEGSoftM2M             // JPEG decoded in software, into the hardware encoder
	Raw                     // raw pictures, for a software encoder
	ChildPlain              // rpicam-vid's raw pictures, for a software encoder
	JPEGSoft                // JPEG decoded in software, for a software encoder
)

func (k Kind) String() string {
	return [...]string{
		"passthrough", "raw-m2m", "jpeg-m2m", "rpicam-m2m", "rpicam-h264",
		"softjpeg-m2m", "raw", "rpicam-raw", "softjpeg",
	}[k]
}

// weight is how much of the wanted picture a kind is worth giving up to have
// it: software decoding of JPEG takes a core of a small board, software
// encoding several.
func (k Kind) weight() float64 {
	return [...]float64{1, 1, 0.98, 1, 0.95, 0.7, 0.5, 0.5, 0.35}[k]
}

// SoftwareJPEG tells whether the processor decodes JPEG.
func (k Kind) SoftwareJPEG() bool { return k == JPEGSoft || k == JPEGSoftM2M }

// SoftwareH264 tells whether the pictures leave raw, for a software encoder.
func (k Kind) SoftwareH264() bool { return k == Raw || k == JPEGSoft || k == ChildPlain }

// Encodes tells whether an M2M encoder is part of the route.
func (k Kind) Encodes() bool {
	return k == RawM2M || k == JPEGM2M || k == ChildRaw || k == JPEGSoftM2M
}

// Turn is how a picture is to be turned: first rotated clockwise, then
// mirrored left to right.
type Turn struct {
	Rotation int // degrees: 0, 90, 180 or 270
	Mirror   bool
}

// None tells whether nothing is to be done.
func (t Turn) None() bool { return t == Turn{} }

// Flips tells which of the two flips make up a turn without 90 degrees.
func (t Turn) Flips() (horizontal, vertical, ok bool) {
	half := t.Rotation == 180
	return t.Mirror != half, half, t.Rotation == 0 || half
}

// Route is one way from the camera to encoded pictures.
type Route struct {
	Kind          Kind
	Camera        Node
	Format        string // what the camera is asked for
	Width, Height int    // of the camera's pictures, before they are turned, pixels
	FPS           int

	Encoder   Node // M2M; of kinds that encode
	Input     string
	Decoder   Node // M2M, of JPEG; kind JPEGM2M only
	Watcher   Node // M2M decoder of H.264, to look into a Passthrough stream; may be missing
	Child     string
	InCamera  Turn // done by the camera's controls or by the child
	InPicture Turn // done by this program, with one copy
	ZeroCopy  bool // dma-buf from end to end, as long as the drivers' layouts agree

	Warning string // what this route costs that another machine would save

	near  float64
	score float64
}

// Size is that of the pictures that leave, in pixels.
func (r Route) Size() (width, height int) {
	if r.InPicture.Rotation%180 != 0 {
		return r.Height, r.Width
	}
	return r.Width, r.Height
}

// Steps are the route's parts, for people.
func (r Route) Steps() []string {
	picture := fmt.Sprintf("%s %dx%d at %d/s", r.Format, r.Width, r.Height, r.FPS)
	steps := []string{picture + " from " + r.Camera.String()}
	if r.Child != "" {
		steps = []string{picture + " from rpicam-vid"}
	}
	switch {
	case r.Kind == JPEGM2M:
		steps = append(steps, "JPEG decoder "+r.Decoder.String())
	case r.Kind.SoftwareJPEG():
		steps = append(steps, "JPEG decoder in software")
	}
	if !r.InPicture.None() {
		steps = append(steps, fmt.Sprintf("turned in software (rotation %d, mirror %t)", r.InPicture.Rotation, r.InPicture.Mirror))
	}
	switch {
	case r.Kind.Encodes() && r.ZeroCopy:
		steps = append(steps, "H.264 encoder "+r.Encoder.String()+" by dma-buf")
	case r.Kind.Encodes():
		steps = append(steps, "H.264 encoder "+r.Encoder.String())
	case r.Kind.SoftwareH264():
		steps = append(steps, "H.264 encoder in software")
	}
	return steps
}

// String is the route on one line.
func (r Route) String() string { return strings.Join(r.Steps(), " → ") }
