package audio

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pion/mediadevices/pkg/driver"
)

// What every microphone and loudspeaker of this package speaks: one channel of
// signed 16-bit samples.
const (
	SampleRate = 48000                 // Hz
	ChunkTime  = 20 * time.Millisecond // of one captured chunk
	ChunkSize  = 960                   // samples of one captured chunk
)

// The tone of the "test" microphone.
const (
	ToneFrequency = 440 // Hz
	ToneLevel     = -12 // dBFS, the level of the peaks
)

// Specs of devices; the third kind is "file:PATH".
const (
	CaptureTest  = "test"
	PlaybackNull = "null"

	filePrefix = "file:"
)

// Config describes a microphone.
type Config struct {
	// Capture is "test" or "file:PATH" of a WAV file with 16-bit PCM.
	Capture string
}

// Register makes the microphone known to mediadevices and returns the device id
// that selects it in a DeviceID constraint. A file is not opened yet; use
// [Check] to know whether it can be. The microphone stays known until
// unregister is called, which does not close it.
func Register(cfg Config) (deviceID string, unregister func(), err error) {
	if err := validCapture(cfg.Capture); err != nil {
		return "", nil, fmt.Errorf("register microphone %q: %w", cfg.Capture, err)
	}
	// The manager makes up an id and keeps it to itself: a name of our own
	// finds the driver again.
	name := uuid.NewString()
	info := driver.Info{Label: cfg.Capture, Name: name, DeviceType: driver.Microphone}
	manager := driver.GetManager()
	if err := manager.Register(&adapter{spec: cfg.Capture}, info); err != nil {
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
// completely. The error names the spec and the reason.
func Check(capture string) error {
	_, err := openCapture(capture)
	return err
}

func validCapture(spec string) error {
	path, isFile := strings.CutPrefix(spec, filePrefix)
	switch {
	case isFile && path == "":
		return errors.New("file: without a path")
	case !isFile && spec != CaptureTest:
		return errors.New(`unknown source, want "test" or "file:PATH"`)
	}
	return nil
}

// openCapture returns the sound that a microphone repeats.
func openCapture(spec string) ([]int16, error) {
	if err := validCapture(spec); err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", spec, err)
	}
	path, isFile := strings.CutPrefix(spec, filePrefix)
	if !isFile {
		return tone(), nil
	}
	samples, err := loadWAV(path)
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", spec, withoutPath(err))
	}
	return samples, nil
}

// withoutPath drops the path that os adds: the spec names it already.
func withoutPath(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}
