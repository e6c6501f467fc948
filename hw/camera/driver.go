package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
)

// source is what a camera shows, opened.
type source interface {
	// properties describes the pictures.
	properties() prop.Video
	// record starts the pictures. Read returns io.EOF once done is closed.
	record(done <-chan struct{}) (video.Reader, error)
	// close ends what record started.
	close() error
}

// adapter is the camera as mediadevices wants it. The manager's wrapper around
// it keeps the order: Open, Properties, VideoRecord, Close.
type adapter struct {
	cfg    Config
	kernel *kernel      // of a camera of the kernel
	fixed  *plan.Choice // nil to choose with every opening

	mu   sync.Mutex
	src  source        // nil when closed or when opening failed
	err  error         // why opening failed
	done chan struct{} // closed by Close
}

var (
	_ driver.Adapter       = (*adapter)(nil)
	_ driver.VideoRecorder = (*adapter)(nil)
)

func newAdapter(cfg Config, h host) (*adapter, error) {
	a := &adapter{cfg: cfg}
	if cfg.Source == SourceTest || strings.HasPrefix(cfg.Source, filePrefix) {
		return a, nil
	}
	var err error
	a.kernel, err = newKernel(cfg, h)
	return a, err
}

// Open opens the source: a camera is looked for, but not started yet. It keeps
// the error for VideoRecord: mediadevices opens every driver to compare
// properties, and would leave out one that fails and report no more than that it
// found none.
func (a *adapter) Open() error {
	src, err := a.open()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.src, a.err = src, err
	a.done = make(chan struct{})
	return nil
}

// Close ends the readers and what they run. It is idempotent.
func (a *adapter) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done != nil {
		close(a.done)
	}
	src := a.src
	a.src, a.err, a.done = nil, nil, nil
	if src == nil {
		return nil
	}
	return src.close()
}

// Properties returns the one thing the source can do. For a source that did
// not open they are a guess that lets it be selected by its id.
func (a *adapter) Properties() []prop.Media {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.src == nil {
		return []prop.Media{{Video: guess(a.cfg)}}
	}
	return []prop.Media{{Video: a.src.properties()}}
}

// VideoRecord starts the pictures. The error names the source and why it could
// not be opened.
func (a *adapter) VideoRecord(prop.Media) (video.Reader, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err != nil:
		return nil, a.err
	case a.src == nil:
		return nil, fmt.Errorf("record camera %q: not open", a.cfg.Source)
	}
	return a.src.record(a.done)
}

func (a *adapter) open() (source, error) {
	if a.kernel != nil && a.fixed != nil {
		return &kernelSource{k: a.kernel, choice: *a.fixed}, nil
	}
	if a.kernel != nil {
		return a.kernel.open()
	}
	return openSimulated(a.cfg)
}

func openSimulated(cfg Config) (source, error) {
	path, isFile := strings.CutPrefix(cfg.Source, filePrefix)
	if !isFile {
		return newPattern(cfg.Width, cfg.Height, cfg.FPS), nil
	}
	c, err := loadClip(path, cfg.FPS)
	if err != nil {
		var inPath *fs.PathError
		if errors.As(err, &inPath) {
			err = inPath.Err // the source names the path already
		}
		return nil, fmt.Errorf("open camera %q: %w", cfg.Source, err)
	}
	return c, nil
}

func guess(cfg Config) prop.Video {
	p := prop.Video{
		Width: cfg.Width, Height: cfg.Height,
		FrameRate: float32(cfg.FPS), FrameFormat: frame.FormatI420,
	}
	switch container, _ := containerOf(cfg.Source); container {
	case annexB:
		p.FrameFormat = formatH264
	case ivf:
		p.FrameFormat = formatVP8
	}
	return p
}
