package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Machine is what there is to choose from.
type Machine struct {
	Nodes  []Node
	RPiCam string // path of rpicam-vid or libcamera-vid, "" without one
	// SoftwarePixels is what the software H.264 encoder manages within its
	// share of a core, in pixels a second; 0 is unlimited or not measured.
	SoftwarePixels float64
}

// Want is what the pictures should be like.
type Want struct {
	Source        Source
	Width, Height int // pixels
	FPS           int
	Turn          Turn
	Raw           bool // raw pictures only, at any cost
}

// Choice is the outcome of planning.
type Choice struct {
	Route
	Fallbacks []Route  // what else works, the best first
	Reasons   []string // why this route, and why none that would be cheaper
}

// ErrNoCamera is in the error of [Make] when no camera fits the source.
var ErrNoCamera = errors.New("no such camera")

// Make chooses. An error says what was found instead.
func Make(m Machine, w Want) (Choice, error) {
	p := &planner{machine: m, want: w}
	for _, n := range m.Nodes {
		switch {
		case n.Is(Encoder) && p.encoder == nil:
			p.encoder = &n
		case n.Is(JPEGDecoder) && p.jpeg == nil:
			p.jpeg = &n
		}
		if n.Is(H264Decoder) && p.h264 == nil {
			p.h264 = &n
		}
	}
	for _, n := range m.Nodes {
		if !w.Source.matches(n) {
			continue
		}
		switch {
		case n.Is(Camera):
			p.found = true
			p.camera(n)
		case n.Is(Sensor):
			p.found = true
			p.sensor(n)
		}
	}
	return p.choose()
}

type planner struct {
	machine             Machine
	want                Want
	encoder, jpeg, h264 *Node
	sensorSeen          bool
	found               bool
	routes              []Route
	reasons             []string
}

func (p *planner) refuse(format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if !slices.Contains(p.reasons, reason) {
		p.reasons = append(p.reasons, reason)
	}
}

// choose orders the routes: those of real cameras before those of virtual ones
// unless one was named, then by what they are worth, then by what they cost.
func (p *planner) choose() (Choice, error) {
	if len(p.routes) == 0 {
		return Choice{}, p.failure()
	}
	slices.SortStableFunc(p.routes, func(a, b Route) int {
		return cmp.Or(
			cmp.Compare(rank(a.Camera), rank(b.Camera)),
			cmp.Compare(b.score, a.score),
			cmp.Compare(a.Kind, b.Kind),
		)
	})
	c := Choice{Route: p.routes[0], Fallbacks: p.routes[1:]}
	c.Reasons = append(c.why(p.want), p.reasons...)
	return c, nil
}

// rank puts cameras that are attached before those that a driver makes up.
func rank(n Node) int {
	if n.transport() == Any {
		return 1
	}
	return 0
}

// why says what speaks for a choice.
func (c Choice) why(w Want) []string {
	var why []string
	switch c.Kind {
	case Passthrough, ChildH264:
		why = append(why, "the camera encodes H.264 itself")
		if c.Watcher.Path == "" {
			why = append(why, "peers without H.264 get no picture, as there is no hardware decoder of H.264")
		}
	case RawM2M, ChildRaw:
		why = append(why, "the hardware encoder takes the camera's "+c.Format)
	case JPEGM2M:
		why = append(why, "decoder and encoder in hardware give the wanted picture from JPEG")
	case JPEGSoftM2M:
		why = append(why, "the camera gives this picture only as JPEG")
	case Raw, ChildPlain, JPEGSoft:
		if !w.Raw {
			why = append(why, "there is no hardware encoder to use")
		}
	}
	if c.Width != w.Width || c.Height != w.Height || c.FPS < w.FPS {
		why = append(why, fmt.Sprintf("%dx%d at %d/s is what comes nearest to %dx%d at %d/s", c.Width, c.Height, c.FPS, w.Width, w.Height, w.FPS))
	}
	return why
}

// failure explains an empty plan.
func (p *planner) failure() error {
	switch {
	case p.found && len(p.reasons) > 0:
		return errors.New(strings.Join(p.reasons, "; "))
	case p.found:
		return errors.New("the camera offers no picture that can be used")
	case p.want.Source.Path != "":
		return p.wrongNode()
	}
	return fmt.Errorf("%w: %s; check the cable, and `intercomd devices`", ErrNoCamera, p.inventory())
}

// wrongNode explains why the node at a path is no camera.
func (p *planner) wrongNode() error {
	for _, n := range p.machine.Nodes {
		if !p.want.Source.matches(n) {
			continue
		}
		what := "not a capture device"
		switch roles := n.Roles(); {
		case n.Meta:
			what = "metadata, not pictures"
		case len(roles) > 0:
			what = "a " + roles[0].String() + ", not a camera"
		}
		return fmt.Errorf("%s (%s, driver %s) is %s; choose one that `intercomd devices` lists as camera", n.Path, n.Name, n.Driver, what)
	}
	return fmt.Errorf("%w: %s", ErrNoCamera, p.inventory())
}

// inventory lists the cameras there are.
func (p *planner) inventory() string {
	var cameras []string
	for _, n := range p.machine.Nodes {
		if n.Is(Camera) || n.Is(Sensor) {
			cameras = append(cameras, n.String())
		}
	}
	if len(cameras) == 0 {
		return "no camera is attached"
	}
	return "there are " + strings.Join(cameras, ", ")
}
