package gpio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// States a device is in, as OnChange tells them.
const (
	StateOpen    = "open"    // it works
	StateMissing = "missing" // there is no such chip, line, device or key (now)
	StateBusy    = "busy"    // another program or the kernel holds it
	StateDenied  = "denied"  // this user may not open it
	StateFailed  = "failed"  // anything else
)

// DeviceError says why a device cannot be used.
type DeviceError struct {
	State string // StateMissing, StateBusy, StateDenied or StateFailed
	Text  string // names the device and says what to do
	Err   error  // the kernel's error, or nil
}

// Error implements error.
func (e *DeviceError) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap gives the kernel's error.
func (e *DeviceError) Unwrap() error { return e.Err }

// problem makes a DeviceError without an error of the kernel.
func problem(state, format string, args ...any) error {
	return &DeviceError{State: state, Text: fmt.Sprintf(format, args...)}
}

// stateOf is the state an error stands for.
func stateOf(err error) string {
	var device *DeviceError
	switch {
	case err == nil:
		return StateOpen
	case errors.As(err, &device):
		return device.State
	}
	return StateFailed
}

// Bias is the pull resistor of an input.
type Bias string

// The biases there are.
const (
	BiasPullUp   Bias = "pull-up"
	BiasPullDown Bias = "pull-down"
	BiasNone     Bias = "none"
)

// Edge is a change of an input. An edge to the level that the input has already
// stands for one that was too short to be seen; it never makes a press.
type Edge struct {
	Active bool      // the level after the edge
	Time   time.Time // when it happened, with its monotonic reading
}

// Input is an open button.
type Input interface {
	// Wait returns the next edge. Without one it returns false at until, or
	// when the context that the input was opened with is cancelled; an until
	// that has passed just looks. An error means that the device is lost.
	Wait(until time.Time) (edge Edge, ok bool, err error)
	// Active reads the level.
	Active() (bool, error)
	// Close gives the device back.
	Close() error
}

// Output is an open lamp or relay.
type Output interface {
	// Set drives the level. An error means that the device is lost.
	Set(active bool) error
	// Close gives the device back; the level is the chip's from then on.
	Close() error
}

// InputRequest asks for a line as an input.
type InputRequest struct {
	Chip      string        // label, name or path; "" is the header's chip
	Line      string        // offset or name
	Consumer  string        // whom the kernel shall name as the holder
	ActiveLow bool          // closed contact pulls the line to ground
	Bias      Bias          // "" leaves it as it is
	Debounce  time.Duration // what the kernel shall filter, if it can; 0 is nothing
}

// OutputRequest asks for a line as an output. It starts inactive.
type OutputRequest struct {
	Chip, Line, Consumer string // as in [InputRequest]
	ActiveLow            bool
}

// KeyRequest asks for a key of an input device.
type KeyRequest struct {
	Device string // path, name or part of it; "" is the first with the key
	Key    string // KEY_ENTER, ENTER or 28
}

// Board opens devices. The kernel's is used where none is given; package
// gpiotest has one for tests.
type Board interface {
	// Input opens a line. Debounced tells whether the board filters for the
	// debounce time that was asked for.
	Input(ctx context.Context, r InputRequest) (in Input, debounced bool, err error)
	// Output opens a line and makes it inactive.
	Output(r OutputRequest) (Output, error)
	// Key opens a key.
	Key(ctx context.Context, r KeyRequest) (Input, error)
}

// Waiting between attempts to open a device.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = time.Second
)

// nextRetry is the wait after one of the length w.
func nextRetry(w time.Duration) time.Duration {
	return min(max(2*w, firstRetry), lastRetry)
}

// reporter tells what a device's state has become, once per change.
type reporter struct {
	log      *slog.Logger
	onChange func(state string, err error)
	state    string
	text     string
}

// newReporter makes a reporter; kind and name say what the log is about.
func newReporter(log *slog.Logger, onChange func(string, error), kind, name string) reporter {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return reporter{log: log.With(kind, name), onChange: onChange}
}

// set tells the state that err stands for, unless it was told last. Details go
// to the log when the device is open.
func (r *reporter) set(err error, details ...any) {
	state, text := stateOf(err), ""
	if err != nil {
		text = err.Error()
	}
	if state == r.state && text == r.text {
		return
	}
	r.state, r.text = state, text
	if err != nil {
		r.log.Warn("not usable, trying on", "state", state, "err", err)
	} else {
		r.log.Info("open", details...)
	}
	if r.onChange != nil {
		r.onChange(state, err)
	}
}

// consumer is the name the kernel shows for a line of ours.
func consumer(name string) string { return "intercomd/" + name }
