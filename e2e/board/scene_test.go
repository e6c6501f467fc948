//go:build e2e

package board

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/board/wire"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// stepLimit is how long a step may take on a slow machine; nothing that is
// asserted about time uses it.
const stepLimit = 30 * time.Second

// pressTime is how long a finger stays on a button, and pressRest how long it is
// away before it comes again: two presses within 300 ms are one.
const (
	pressTime = 150 * time.Millisecond
	pressRest = 400 * time.Millisecond
)

// The sound card's ends: the door opens device 0, the world device 1.
const (
	airToMicrophone = "/dev/snd/pcmC0D1p"
	airFromSpeaker  = "/dev/snd/pcmC0D1c"
)

// scene is what a scenario plays in. Its methods fail the test instead of
// returning errors.
type scene struct {
	*testing.T
	ctx     context.Context
	lab     *lab
	board   *vm.Board
	doors   []*door
	running []*vm.Command
}

// do performs one step.
func (s *scene) do(step func(context.Context) error) {
	s.Helper()
	ctx, cancel := context.WithTimeoutCause(s.ctx, stepLimit, errTooLong)
	defer cancel()
	if err := step(ctx); err != nil {
		s.Fatal(err)
	}
}

// get performs one step that yields something.
func get[T any](s *scene, step func(context.Context) (T, error)) T {
	s.Helper()
	var v T
	s.do(func(ctx context.Context) (err error) {
		v, err = step(ctx)
		return err
	})
	return v
}

// all makes several checks at the same time, as one step.
func (s *scene) all(checks ...func(context.Context) error) {
	s.Helper()
	s.do(func(ctx context.Context) error {
		var g errgroup.Group // without a context: each failure is of interest
		errs := make([]error, len(checks))
		for i, c := range checks {
			g.Go(func() error {
				errs[i] = c(ctx)
				return nil
			})
		}
		_ = g.Wait()
		return errors.Join(errs...)
	})
}

// start runs the shipping program without waiting for it to be online.
func (s *scene) start(change ...func(*config)) *door {
	s.Helper()
	return s.startProgram("intercomd", change...)
}

func (s *scene) startProgram(program string, change ...func(*config)) *door {
	s.Helper()
	c := boardConfig(s.lab.Network.Hub.Address, rig.Domain)
	for _, f := range change {
		f(&c)
	}
	d := get(s, func(ctx context.Context) (*door, error) { return startDoor(ctx, s.board, program, c) })
	s.doors = append(s.doors, d)
	return d
}

// door brings the door online.
func (s *scene) door(change ...func(*config)) *door {
	s.Helper()
	d := s.start(change...)
	s.online(d)
	return d
}

func (s *scene) online(d *door) {
	s.Helper()
	s.status(d, "the door to be online", func(st doorStatus) bool { return st.XMPP.State == "online" })
}

// status waits for a status.
func (s *scene) status(d *door, what string, match func(doorStatus) bool) doorStatus {
	s.Helper()
	return get(s, func(ctx context.Context) (doorStatus, error) { return d.awaitStatus(ctx, what, match) })
}

// idle waits until the door holds nothing of a call any more.
func (s *scene) idle(d *door) doorStatus {
	s.Helper()
	return s.status(d, "an idle door", func(st doorStatus) bool {
		return len(st.Sessions) == 0 && st.Camera.State != "open" && st.Audio.State != "open"
	})
}

// event waits for an event of the door.
func (s *scene) event(d *door, name string) doorEvent {
	s.Helper()
	return s.eventWhere(d, name, named(name))
}

func (s *scene) eventWhere(d *door, what string, match func(doorEvent) bool) doorEvent {
	s.Helper()
	return get(s, func(ctx context.Context) (doorEvent, error) { return d.await(ctx, what, match) })
}

// client brings a user online at the browser of that name.
func (s *scene) client(browser string, user int64, change ...func(*rig.ClientOptions)) *rig.Client {
	s.Helper()
	options := rig.ClientOptions{Browser: browser, User: user}
	for _, f := range change {
		f(&options)
	}
	return get(s, func(ctx context.Context) (*rig.Client, error) { return s.lab.Client(ctx, options) })
}

// at waits for a call of a listener of the SDK.
func (s *scene) at(c *rig.Client, name string) rig.ClientEvent {
	s.Helper()
	return get(s, func(ctx context.Context) (rig.ClientEvent, error) { return c.Await(ctx, name, 0) })
}

// press pushes the button at a line for the time a person does.
func (s *scene) press(line int) {
	s.Helper()
	s.do(func(ctx context.Context) error { return s.board.Drive(ctx, line, down(pressTime), up(pressRest)) })
}

// sh runs a shell command on the board.
func (s *scene) sh(command string) string {
	s.Helper()
	return get(s, func(ctx context.Context) (string, error) { return s.board.Output(ctx, command) })
}

// run starts a program on the board that ends with the scene.
func (s *scene) run(command string) *vm.Command {
	s.Helper()
	complaints := &tail{}
	c, err := s.board.Spawn("exec "+command, complaints)
	if err != nil {
		s.Fatal(err)
	}
	s.running = append(s.running, c)
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("%s said: %s", command, complaints)
		}
	})
	return c
}

// tail keeps the end of what a program says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-2000):]
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// stop ends a program of run.
func (s *scene) stop(c *vm.Command) {
	s.Helper()
	if err := c.Stop(); err != nil {
		s.Fatal(err)
	}
}

// air plays a tone at the board's microphone and returns ears at its speaker.
func (s *scene) air(tones ...int) *ears {
	s.Helper()
	s.run(fmt.Sprintf("world play %s %d", airToMicrophone, rig.DeviceTone))
	e, err := listenAt(s.board, airFromSpeaker, tones...)
	if err != nil {
		s.Fatal(err)
	}
	s.running = append(s.running, e.command)
	return e
}

// connect has the door ring at a client by a press, and the client accept.
func (s *scene) connect(d *door, line int, c *rig.Client) {
	s.Helper()
	s.press(line)
	s.at(c, "onCallListener")
	s.do(c.Accept)
	s.event(d, "onAcceptCall")
}

func sees(c *rig.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Sees(ctx, doorUser)
		return err
	}
}

func hears(c *rig.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Hears(ctx, doorUser, rig.DeviceTone)
		return err
	}
}

func heardInTheAir(e *ears, c *rig.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := e.hears(ctx, rig.Tone(c.Options.Browser))
		return err
	}
}

// netemLoss loses a share of the packets that the board sends.
func netemLoss(share float64) wire.Netem { return wire.Netem{Loss: share} }

// end closes what the scenario left open. The scene's own time may be over.
func (s *scene) end() {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(s.ctx), stepLimit, errTooLong)
	defer cancel()
	for _, d := range s.doors {
		if err := d.close(); err != nil {
			s.Errorf("end of the door: %v", err)
		}
	}
	for _, c := range s.running {
		if err := c.Stop(); err != nil {
			s.Errorf("end of a program on the board: %v", err)
		}
	}
	if err := s.lab.EndScene(ctx); err != nil {
		s.Errorf("end of the scene: %v", err)
	}
}
