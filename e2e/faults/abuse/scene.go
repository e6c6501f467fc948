package abuse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// Options say what a run is.
type Options struct {
	Binary string        // the daemon's program
	Dir    string        // for the files of the run, reachable by the server's user
	Length time.Duration // of each attack, at least 500 ms
	Only   string        // only attacks with this in their name
	Level  string        // of the device's log; "" is info
}

const (
	port = 5322 // of the server
	// pressWindow is a little more than the time in which two presses count as
	// one.
	pressWindow = 350 * time.Millisecond
	// bound is for what has to happen soon, attack or not.
	bound = 5 * time.Second
)

// scene is a device, its server, and two contacts who behave: Anna talks, and
// Carl is rung.
type scene struct {
	options   Options
	server    *site.Server
	device    *site.Device
	anna      *site.Phone
	carl      *attacker                // who only listens: rung without ever answering
	events    *rig.Log[intercom.Event] // of the device, since the attack began
	deviceDir string
	pressed   time.Time // the last press began
	free      time.Time // from when on a press is another one
	stalls    *site.Stalls
	close     []func() error
}

func newScene(ctx context.Context, o Options) (*scene, error) {
	s := &scene{options: o, stalls: site.NewStalls(1)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("set scene: %w", err), s.Close())
	}
	return s, nil
}

func (s *scene) open(ctx context.Context) (err error) {
	dir := filepath.Join(s.options.Dir, "server")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if s.server, err = site.StartServer(ctx, dir, port, false); err != nil {
		return err
	}
	s.close = append(s.close, s.server.Close)
	if s.anna, err = site.NewPhone(site.PhoneOptions{User: site.Anna, Server: s.server}); err != nil {
		return err
	}
	s.close = append(s.close, s.anna.Close)
	if err := s.anna.SwitchOn(); err != nil {
		return err
	}
	if err := s.anna.AwaitOnline(ctx); err != nil {
		return err
	}
	if s.carl, err = login(s.server.Address, site.Carl, "phone"); err != nil {
		return err
	}
	s.close = append(s.close, func() error { s.carl.close(); return nil })
	return nil
}

// startDevice runs a device until stop is called; address is where its server
// is, "" for the server itself and with TLS.
func (s *scene) startDevice(ctx context.Context, name, address string) (stop func() error, err error) {
	dir := filepath.Join(s.options.Dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	s.device, err = site.StartDevice(ctx, site.DeviceOptions{
		Binary: s.options.Binary, Dir: dir, Server: s.server, Address: address, Plain: address != "", Level: s.options.Level,
	})
	if err != nil {
		return nil, err
	}
	s.deviceDir, s.events = dir, s.device.Listen()
	return s.device.Close, nil
}

// press presses a button, later than what counts as one press with the last.
func (s *scene) press(ctx context.Context, button string) error {
	if err := pause(ctx, time.Until(s.free)); err != nil {
		return err
	}
	s.pressed = time.Now()
	err := s.device.Control.Press(ctx, button)
	s.free = time.Now().Add(pressWindow)
	return err
}

// ring presses a button, waits until the call comes to Carl, and stops. It says
// how long it took from the press to the call. A press that answers another call
// rings nobody, which is an error after within.
func (s *scene) ring(ctx context.Context, within time.Duration) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := s.press(ctx, "back"); err != nil {
		return 0, err
	}
	m, err := s.carl.rung(ctx, s.pressed)
	took = m.at.Sub(s.pressed)
	if stopped := s.device.Control.Do(context.WithoutCancel(ctx), "stop", intercom.SessionRequest{}); err == nil {
		err = stopped
	}
	return took, err
}

// talk rings with a button, and returns the session once Anna has picture and
// sound.
func (s *scene) talk(ctx context.Context, button string) (call.SessionID, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	heard := s.anna.Listen()
	if err := s.press(ctx, button); err != nil {
		return "", err
	}
	e, err := heard.Take(ctx, "a call", func(e site.Event) bool { return e.Name == "onCall" })
	if err != nil {
		return "", err
	}
	if err := s.anna.Accept(ctx, e.Session); err != nil {
		return "", err
	}
	before := s.anna.Received()
	return e.ID, site.Poll(ctx, "media at Anna's", func() error {
		if n := s.anna.Received() - before; n < 10 {
			return fmt.Errorf("%d packets", n)
		}
		return nil
	})
}

// hangUp presses the button in a call, and says how long it took until Anna's
// phone was told.
func (s *scene) hangUp(ctx context.Context) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	heard := s.anna.Listen()
	if err := s.press(ctx, "front"); err != nil {
		return 0, err
	}
	e, err := heard.Take(ctx, "the end of the call", func(e site.Event) bool { return e.Name == "onStopCall" || e.Name == "onSessionClose" })
	return e.At.Sub(s.pressed), err
}

// gap says for how long at most Anna gets no packet until ctx ends.
func (s *scene) gap(ctx context.Context) time.Duration {
	const look = 10 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	longest, last, seen := time.Duration(0), time.Now(), s.anna.Received()
	for {
		select {
		case <-ctx.Done():
			return max(longest, time.Since(last))
		case <-ticker.C:
		}
		if n := s.anna.Received(); n > seen {
			longest, last, seen = max(longest, time.Since(last)), time.Now(), n
		}
	}
}

// Close ends everything, the newest first.
func (s *scene) Close() error {
	var errs []error
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	return errors.Join(errs...)
}

// pause lets time pass.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
