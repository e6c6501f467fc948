package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
)

// avoidFor is how long a route that failed is put behind the others.
const avoidFor = time.Minute

// kernel is a camera of the kernel, or of rpicam-vid, over all its openings.
type kernel struct {
	cfg  Config
	host host
	src  plan.Source
	told pipeline.Told

	mu      sync.Mutex
	seen    identity             // of the camera opened last
	avoid   map[string]time.Time // routes that failed
	pixels  float64              // what the software encoder manages; 0 not measured
	logged  string               // choice that was logged last
	wasLost bool
}

func newKernel(cfg Config, h host) (*kernel, error) {
	src, err := plan.ParseSource(cfg.Source)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Counters == nil {
		cfg.Counters = new(Counters)
	}
	return &kernel{cfg: cfg, host: h, src: src, avoid: map[string]time.Time{}}, nil
}

// want is what the configuration asks for.
func (k *kernel) want(src plan.Source, raw bool) plan.Want {
	return plan.Want{
		Source: src, Width: k.cfg.Width, Height: k.cfg.Height, FPS: k.cfg.FPS,
		Turn: plan.Turn{Rotation: k.cfg.Rotation, Mirror: k.cfg.Mirror}, Raw: raw,
	}
}

// choose finds the camera and plans its route. The error says what to do.
func (k *kernel) choose(raw bool) (plan.Choice, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	nodes, failed, err := k.host.inventory()
	if err != nil {
		return plan.Choice{}, err
	}
	src, err := k.locate(nodes, failed)
	if err != nil {
		return plan.Choice{}, err
	}
	machine := plan.Machine{Nodes: nodes, RPiCam: k.host.child(), SoftwarePixels: k.pixels}
	choice, err := plan.Make(machine, k.want(src, raw))
	if err == nil && choice.Kind.SoftwareH264() && k.pixels == 0 && !raw {
		if machine.SoftwarePixels, err = k.host.measure(); err != nil {
			return plan.Choice{}, err
		}
		k.pixels = machine.SoftwarePixels
		k.cfg.Log.Info("software encoder measured", "pixels_per_second", int(k.pixels))
		choice, err = plan.Make(machine, k.want(src, raw))
	}
	if err != nil {
		return plan.Choice{}, k.withFailures(err, failed)
	}
	return k.preferred(choice), nil
}

// locate turns a path into that of the node meant. A camera that was seen there
// before is looked for under other numbers.
func (k *kernel) locate(nodes []plan.Node, failed map[string]error) (plan.Source, error) {
	src := k.src
	if src.Path == "" {
		return src, nil
	}
	path, err := k.host.resolve(src.Path)
	if err != nil {
		if n, ok := k.seen.find(nodes); ok && k.seen != (identity{}) {
			src.Path = n.Path
			return src, nil
		}
		return src, k.host.explain(missing(src.Path, err), src.Path)
	}
	src.Path = path
	if err := failed[path]; err != nil {
		return src, k.host.explain(err, path)
	}
	for _, n := range nodes {
		if n.Path != path {
			continue
		}
		if again, ok := k.seen.find(nodes); ok && !n.Is(plan.Camera) && k.seen != (identity{}) {
			src.Path = again.Path
		}
		return src, nil
	}
	_, err = k.host.ask(path) // not listed: no video node at all
	return src, k.host.explain(err, path)
}

// missing is the error of a path that cannot be followed, without the verb of
// the call that failed.
func missing(path string, err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// withFailures adds the nodes that could not be asked: the camera may be one.
func (k *kernel) withFailures(err error, failed map[string]error) error {
	if !errors.Is(err, plan.ErrNoCamera) || len(failed) == 0 {
		return err
	}
	var b strings.Builder
	for path, why := range failed {
		fmt.Fprintf(&b, "; %v", k.host.explain(why, path))
	}
	return fmt.Errorf("%w%s", err, b.String())
}

// preferred puts routes that failed a short while ago behind the others.
func (k *kernel) preferred(c plan.Choice) plan.Choice {
	all := append([]plan.Route{c.Route}, c.Fallbacks...)
	var good, bad []plan.Route
	for _, r := range all {
		if time.Since(k.avoid[r.String()]) < avoidFor {
			bad = append(bad, r)
		} else {
			good = append(good, r)
		}
	}
	all = append(good, bad...)
	if len(bad) > 0 && all[0].String() != c.Route.String() {
		c.Reasons = append([]string{"the better route failed a short while ago"}, c.Reasons...)
	}
	c.Route, c.Fallbacks = all[0], all[1:]
	return c
}

// log tells about a choice, once.
func (k *kernel) log(c plan.Choice) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if text := c.String(); text != k.logged {
		k.logged = text
		k.cfg.Log.Info("camera chosen", "route", text, "why", strings.Join(c.Reasons, "; "))
		if c.Warning != "" {
			k.cfg.Log.Warn(c.Warning, "camera", c.Camera.String())
		}
	}
}

// start runs a route.
func (k *kernel) start(r plan.Route) (*pipeline.Stream, error) {
	stream, err := pipeline.Start(pipeline.Config{
		Sys: k.host.sys, Descriptors: k.host.descriptors, Route: r, Bitrate: k.cfg.bitrate(),
		Settings: pipeline.Settings{Exposure: k.cfg.Exposure, Brightness: k.cfg.Brightness, PowerLine: k.cfg.PowerLine, Told: &k.told},
		Counters: k.cfg.Counters, Log: k.cfg.Log,
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.avoid[r.String()] = time.Now()
		return nil, err
	}
	k.seen = identify(r.Camera)
	if k.wasLost {
		k.cfg.Counters.Reopened()
		k.wasLost = false
	}
	return stream, nil
}

// failed notes why a stream ended.
func (k *kernel) failed(r plan.Route, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if isCodec(err) {
		k.avoid[r.String()] = time.Now()
	} else {
		k.wasLost = true
	}
}

func isCodec(err error) bool {
	var e *pipeline.Error
	return errors.As(err, &e) && e.Codec
}

// kernelSource is a kernel camera that was found and not yet started.
type kernelSource struct {
	k      *kernel
	choice plan.Choice
	reader *kernelReader
}

func (k *kernel) open() (source, error) {
	choice, err := k.choose(false)
	if err != nil {
		return nil, k.openError(err)
	}
	return &kernelSource{k: k, choice: choice}, nil
}

func (s *kernelSource) properties() prop.Video { return properties(s.choice.Route) }

func (s *kernelSource) record(done <-chan struct{}) (video.Reader, error) {
	r := &kernelReader{k: s.k, routes: append([]plan.Route{s.choice.Route}, s.choice.Fallbacks...)}
	s.k.log(s.choice)
	if err := r.begin(); err != nil {
		return nil, s.k.openError(err)
	}
	s.reader = r
	return r, nil
}

func (s *kernelSource) close() error {
	if s.reader == nil {
		return nil
	}
	return s.reader.close()
}
