package camera

import (
	"errors"
	"maps"
	"slices"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
)

// Info describes a camera.
type Info struct {
	Path    string // /dev/video0
	Link    string // /dev/v4l/by-id/…, the same wherever it is plugged in; "" without one
	Name    string
	Driver  string
	Bus     string
	Kind    string // "camera", or "sensor": the raw receiver of a CSI camera, which needs rpicam-vid
	Formats []Format
}

// Format is a pixel format of a camera. Sizes are known for those that can be
// used.
type Format struct {
	FourCC string
	Sizes  []Size
}

// Size is a size of pictures in pixels, or a range of them, which has different
// limits.
type Size struct {
	Width, Height       int
	MaxWidth, MaxHeight int
	Rates               []float64 // frames a second; none when the driver does not say
}

// Codec describes a hardware encoder or decoder.
type Codec struct {
	Path, Name, Driver string
	Role               string   // "H.264 encoder", "JPEG decoder" or "H.264 decoder"
	Takes, Makes       []string // pixel formats
}

// List lists the cameras of the kernel. The error tells about each node that
// could not be asked; the others are returned all the same.
func List() ([]Info, error) { return localHost().list() }

func (h host) list() ([]Info, error) {
	nodes, err := h.nodes()
	var infos []Info
	for _, n := range nodes {
		if !n.Is(plan.Camera) && !n.Is(plan.Sensor) {
			continue
		}
		infos = append(infos, Info{
			Path: n.Path, Link: n.Link, Name: n.Name, Driver: n.Driver, Bus: n.Bus,
			Kind: n.Roles()[0].String(), Formats: formatsOf(n),
		})
	}
	return infos, err
}

// nodes is the inventory with its errors explained and joined.
func (h host) nodes() ([]plan.Node, error) {
	nodes, failed, err := h.inventory()
	errs := []error{err}
	for _, path := range slices.Sorted(maps.Keys(failed)) {
		errs = append(errs, h.explain(failed[path], path))
	}
	return nodes, errors.Join(errs...)
}

func formatsOf(n plan.Node) []Format {
	var formats []Format
	for _, f := range n.Formats {
		out := Format{FourCC: f.FourCC}
		for _, s := range f.Sizes {
			out.Sizes = append(out.Sizes, Size{Width: s.Width, Height: s.Height, MaxWidth: s.Width, MaxHeight: s.Height, Rates: s.Rates})
		}
		if r := f.Range; r != nil {
			out.Sizes = append(out.Sizes, Size{Width: r.MinWidth, Height: r.MinHeight, MaxWidth: r.MaxWidth, MaxHeight: r.MaxHeight})
		}
		formats = append(formats, out)
	}
	return formats
}

// Encoders lists the hardware encoders and decoders. Errors are as those of
// [List].
func Encoders() ([]Codec, error) { return localHost().codecs() }

func (h host) codecs() ([]Codec, error) {
	nodes, err := h.nodes()
	var codecs []Codec
	for _, n := range nodes {
		if !n.M2M {
			continue
		}
		makes := make([]string, 0, len(n.Formats))
		for _, f := range n.Formats {
			makes = append(makes, f.FourCC)
		}
		for _, role := range n.Roles() {
			codecs = append(codecs, Codec{
				Path: n.Path, Name: n.Name, Driver: n.Driver, Role: role.String(), Takes: n.Inputs, Makes: makes,
			})
		}
	}
	return codecs, err
}

// Choice is the way from a camera to H.264 that a configuration takes.
type Choice struct {
	Camera        string // path and name
	Kind          string // "passthrough", "raw-m2m", "jpeg-m2m", "rpicam-m2m", "rpicam-h264", "softjpeg-m2m", "raw", "rpicam-raw", "softjpeg"
	Width, Height int    // of what is sent, pixels
	FPS           int
	ZeroCopy      bool     // pictures reach the encoder by dma-buf, if the drivers' layouts agree
	Steps         []string // what is done one after another, for people
	Reasons       []string // why this way, and why no other
	Fallbacks     []string // what is tried when it fails
	Warning       string   // what this way costs, "" for nothing worth a word
}

// Explain tells which way a configuration would take, and why, without
// starting anything. It may measure the software encoder for a quarter of a
// second. The error is that of opening the camera. A simulated camera has
// nothing to choose.
func Explain(cfg Config) (Choice, error) { return explainOn(cfg, localHost()) }

func explainOn(cfg Config, h host) (Choice, error) {
	k, err := validKernel(cfg, h)
	if err != nil {
		return Choice{}, err
	}
	c, err := k.choose(false)
	if err != nil {
		return Choice{}, k.openError(err)
	}
	return choiceOf(c), nil
}

func choiceOf(c plan.Choice) Choice {
	out := Choice{
		Camera: c.Camera.String(), Kind: c.Kind.String(), FPS: c.FPS, ZeroCopy: c.ZeroCopy,
		Steps: c.Steps(), Reasons: c.Reasons, Warning: c.Warning,
	}
	out.Width, out.Height = c.Size()
	for _, r := range c.Fallbacks {
		out.Fallbacks = append(out.Fallbacks, r.String())
	}
	return out
}
