package audio

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pion/mediadevices/pkg/driver"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// What every microphone and loudspeaker of this package speaks: one channel of
// signed 16-bit samples.
const (
	SampleRate = 48000                 // Hz
	ChunkTime  = 20 * time.Millisecond // of one captured chunk
	ChunkSize  = 960                   // samples of one captured chunk

	defaultPeriod = 10 * time.Millisecond
)

// The tone of the "test" microphone.
const (
	ToneFrequency = 440 // Hz
	ToneLevel     = -12 // dBFS, the level of the peaks
)

// Config describes a microphone.
type Config struct {
	// Capture is "test", "file:PATH" of a WAV file with 16-bit PCM, or a sound
	// card: "auto", its number, id or name, "hw:CARD,DEV" or a path as
	// "/dev/snd/pcmC0D0c".
	Capture string

	// What follows is for sound cards.

	CaptureVolume *int          // 0 to 100 percent; nil leaves the mixer alone
	Period        time.Duration // between two interrupts, 10 ms (also for 0) or 20 ms
	Duplex        *Duplex       // joins it with a speaker; may be nil
	Counters      *Counters     // may be nil
	Log           *slog.Logger  // nil: silent

	// OnChange is told [StateLost] with the reason when a card that is read
	// goes away or cannot be opened, and [StateBack] when it is open again. It
	// must not block. May be nil.
	OnChange func(state string, err error)
}

// States that OnChange is told.
const (
	StateLost = "lost"
	StateBack = "back"
)

// Register makes the microphone known to mediadevices and returns the device id
// that selects it in a DeviceID constraint. Nothing is opened yet; use [Check]
// to know whether it can be. The microphone stays known until unregister is
// called, which does not close it.
func Register(cfg Config) (deviceID string, unregister func(), err error) {
	a, err := newAdapter(cfg, alsa.Kernel{})
	if err != nil {
		return "", nil, fmt.Errorf("register microphone %q: %w", cfg.Capture, err)
	}
	// The manager makes up an id and keeps it to itself: a name of our own
	// finds the driver again.
	name := uuid.NewString()
	info := driver.Info{Label: cfg.Capture, Name: name, DeviceType: driver.Microphone}
	manager := driver.GetManager()
	if err := manager.Register(a, info); err != nil {
		return "", nil, fmt.Errorf("register microphone %q: %w", cfg.Capture, err)
	}
	found := manager.Query(func(d driver.Driver) bool { return d.Info().Name == name })
	if len(found) != 1 {
		return "", nil, fmt.Errorf("register microphone %q: mediadevices lost the driver", cfg.Capture)
	}
	id := found[0].ID()
	return id, func() { manager.Delete(id) }, nil
}

// Check tells whether a microphone can be opened now: a file is read
// completely, a sound card is opened and configured. The error names the spec
// and the reason, and for a card what to do.
func Check(capture string) error { return check(capture, alsa.Kernel{}) }

func check(capture string, sys alsa.System) error {
	a, err := newAdapter(Config{Capture: capture}, sys)
	if err != nil {
		return fmt.Errorf("open microphone %q: %w", capture, err)
	}
	if !a.isCard {
		_, err := openReplay(capture)
		return err
	}
	m, err := a.openCard(nil)
	if err != nil {
		return err
	}
	return m.close()
}

// validCapture tells a card from what is simulated.
func validCapture(spec string) (isCard bool, err error) {
	path, isFile := strings.CutPrefix(spec, filePrefix)
	switch {
	case isFile && path == "":
		return false, errors.New("file: without a path")
	case isFile || spec == CaptureTest:
		return false, nil
	case spec == PlaybackNull:
		return false, fmt.Errorf("%q is a speaker", spec)
	}
	_, err = parseCard(spec)
	return true, err
}

// validPeriod fills in the default.
func validPeriod(period time.Duration) (time.Duration, error) {
	switch period {
	case 0:
		return defaultPeriod, nil
	case 10 * time.Millisecond, 20 * time.Millisecond:
		return period, nil
	}
	return 0, fmt.Errorf("period of %v, want 10ms or 20ms", period)
}

// validVolume tells whether a volume can be meant.
func validVolume(percent *int) error {
	if percent != nil && (*percent < 0 || *percent > 100) {
		return fmt.Errorf("volume of %d %%, want 0 to 100", *percent)
	}
	return nil
}

// withoutPath drops the path that os adds: the spec names it already.
func withoutPath(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}
