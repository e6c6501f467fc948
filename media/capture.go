package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/mediadevices"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/io"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
)

// How long a capture waits before it opens a lost device again.
const (
	firstReopen = 100 * time.Millisecond
	lastReopen  = time.Second
)

// How two encoders share a camera: the one that does not read itself looks for
// the next frame that often, and finds the last few when it is slow.
const (
	sharedFrames = 4
	sharedPoll   = 4 * time.Millisecond
)

// capture is an open camera or microphone with the encoders on it. When the
// device is lost it is opened again, for as long as somebody wants it.
type capture struct {
	kind     call.Kind
	cfg      Config
	counters *counters
	log      *slog.Logger
	ctx      context.Context // ends with close
	cancel   context.CancelFunc
	tasks    tasks
	sources  map[codecName]*source // fixed
	users    int                   // owned by the owner's goroutine

	mu      sync.Mutex
	track   mediadevices.Track // nil while the device is missing
	err     error              // why it is missing
	changed chan struct{}      // closed when track changes
	missed  bool               // it was lost, and has yielded nothing since
	wait    time.Duration      // before it is opened again
}

// openCapture opens the configured device of a kind. The error names it.
func openCapture(kind call.Kind, cfg Config, c *counters, log *slog.Logger) (*capture, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cp := &capture{
		kind: kind, cfg: cfg, counters: c, log: log.With("device", deviceName(kind)),
		ctx: ctx, cancel: cancel, sources: map[codecName]*source{}, changed: make(chan struct{}), wait: firstReopen,
	}
	for _, name := range codecNames() {
		if name.kind() == kind {
			cp.sources[name] = newSource(name, cp)
		}
	}
	track, err := cp.open()
	if err != nil {
		cancel()
		return nil, err
	}
	cp.install(track)
	return cp, nil
}

func deviceName(kind call.Kind) string {
	if kind == call.KindAudio {
		return "microphone"
	}
	return "camera"
}

func (c *capture) deviceID() string {
	if c.kind == call.KindAudio {
		return c.cfg.AudioDevice
	}
	return c.cfg.VideoDevice
}

// open asks mediadevices for the device by constraints.
func (c *capture) open() (mediadevices.Track, error) {
	d, err := findDriver(c.kind, c.deviceID())
	if err != nil {
		return nil, err
	}
	stream, err := mediadevices.GetUserMedia(c.constraints(d.ID()))
	if err != nil {
		return nil, named(fmt.Sprintf("open %s %q", deviceName(c.kind), d.Info().Label), diagnose(d, err))
	}
	track := stream.GetTracks()[0]
	if v, ok := track.(*mediadevices.VideoTrack); ok {
		v.Broadcaster = video.NewBroadcaster(v.Broadcaster.Source(), &video.BroadcasterConfig{
			Core: &io.BroadcasterConfig{BufferSize: sharedFrames, PollDuration: sharedPoll},
		})
	}
	return track, nil
}

// named puts what was tried before an error, unless the driver has done so.
func named(tried string, err error) error {
	if strings.HasPrefix(err.Error(), tried+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", tried, err)
}

// findDriver finds a registered driver by id or label.
func findDriver(kind call.Kind, id string) (driver.Driver, error) {
	if id == "" {
		return nil, fmt.Errorf("open %s: none is configured", deviceName(kind))
	}
	filter := driver.FilterVideoRecorder()
	if kind == call.KindAudio {
		filter = driver.FilterAudioRecorder()
	}
	found := driver.GetManager().Query(driver.FilterAnd(filter, func(d driver.Driver) bool {
		return d.ID() == id || d.Info().Label == id
	}))
	if len(found) == 0 {
		return nil, fmt.Errorf("open %s %q: no such device", deviceName(kind), id)
	}
	return found[0], nil
}

// diagnose finds out why a device did not open: mediadevices passes over
// devices that fail and then says that none fits.
func diagnose(d driver.Driver, err error) error {
	if d.Status() != driver.StateClosed {
		return err
	}
	if openErr := d.Open(); openErr != nil {
		return openErr
	}
	return errors.Join(err, d.Close())
}

// constraints selects the device exactly, and its format as near as possible.
func (c *capture) constraints(id string) mediadevices.MediaStreamConstraints {
	if c.kind == call.KindAudio {
		return mediadevices.MediaStreamConstraints{
			Audio: func(m *mediadevices.MediaTrackConstraints) {
				m.DeviceID = prop.StringExact(id)
				m.SampleRate = prop.Int(48000)
				m.ChannelCount = prop.Int(1)
				m.Latency = prop.Duration(frameDuration)
			},
			Codec: mediadevices.NewCodecSelector(mediadevices.WithAudioEncoders(audioBuilder{c.sources[codecOpus].sound})),
		}
	}
	return mediadevices.MediaStreamConstraints{
		Video: func(m *mediadevices.MediaTrackConstraints) {
			m.DeviceID = prop.StringExact(id)
			m.Width, m.Height = prop.Int(c.cfg.Width), prop.Int(c.cfg.Height)
			m.FrameRate = prop.Float(c.cfg.FPS)
		},
		Codec: mediadevices.NewCodecSelector(mediadevices.WithVideoEncoders(
			c.sources[codecH264].builder, c.sources[codecVP8].builder)),
	}
}

// install makes track the current one and watches for its end.
func (c *capture) install(track mediadevices.Track) {
	c.set(track, nil)
	track.OnEnded(func(err error) { c.lost(track, err) })
}

func (c *capture) set(track mediadevices.Track, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.track, c.err = track, err
	close(c.changed)
	c.changed = make(chan struct{})
}

// lost starts the repair of a device that stopped yielding. It is called from
// within a read of the device.
func (c *capture) lost(track mediadevices.Track, err error) {
	if c.replaced(track) || c.ctx.Err() != nil {
		return
	}
	c.set(nil, err)
	if c.miss(true) {
		c.log.Warn("device lost", "error", err)
		c.tell(DeviceLost, err)
	}
	c.tasks.start(func() { c.reopen(track) })
}

// miss notes whether the device is missed, and reports whether that is news.
func (c *capture) miss(missed bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.missed != missed
	c.missed = missed
	return news
}

// yielded notes that something came of track. A device that was lost is back
// only then: some open and yield nothing.
func (c *capture) yielded(track mediadevices.Track) {
	if c.replaced(track) || !c.miss(false) {
		return
	}
	c.mu.Lock()
	c.wait = firstReopen
	c.mu.Unlock()
	c.log.Info("device is back")
	c.tell(DeviceBack, nil)
}

// reopen closes what is left of track and opens the device again and again.
func (c *capture) reopen(track mediadevices.Track) {
	if err := track.Close(); err != nil {
		c.log.Debug("close lost device", "error", err)
	}
	for c.pause(c.nextWait()) {
		track, err := c.open()
		if err == nil {
			c.install(track)
			return
		}
		c.set(nil, err)
	}
}

// nextWait is how long to wait before the device is opened again: longer each
// time, until it yields something.
func (c *capture) nextWait() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := c.wait
	c.wait = min(2*wait, lastReopen)
	return wait
}

// tell reports a change to whoever wants to know.
func (c *capture) tell(state string, err error) {
	if c.cfg.OnDevice != nil {
		c.cfg.OnDevice(c.kind, state, err)
	}
}

// pause waits, and reports false when the capture was closed meanwhile.
func (c *capture) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// current returns the track, waiting while the device is missing. It fails
// when the capture is closed.
func (c *capture) current() (mediadevices.Track, error) {
	for {
		c.mu.Lock()
		track, changed := c.track, c.changed
		c.mu.Unlock()
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		if track != nil {
			return track, nil
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
		}
	}
}

// replaced reports whether track is no longer the open device.
func (c *capture) replaced(track mediadevices.Track) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.track != track
}

// close ends the encoders and closes the device.
func (c *capture) close() error {
	c.cancel()
	c.tasks.close()
	c.mu.Lock()
	track := c.track
	c.track = nil
	c.mu.Unlock()
	var err error
	if track != nil {
		err = track.Close()
	}
	c.tasks.wait()
	// A repair that was under way may have opened the device meanwhile.
	c.mu.Lock()
	late := c.track
	c.track = nil
	c.mu.Unlock()
	if late != nil {
		err = errors.Join(err, late.Close())
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", deviceName(c.kind), err)
	}
	return nil
}

// state is open or missing, with the reason.
func (c *capture) state() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.track == nil {
		return stateMissing, c.err
	}
	return stateOpen, nil
}
