package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Device is a running intercomd with simulated camera, microphone, speaker and
// button.
type Device struct {
	Events *Log[DeviceEvent]
	Config DeviceConfig
	binary string
	dir    string
	daemon *process
	log    *os.File
	closed bool

	control *http.Client  // speaks to the control socket
	read    chan struct{} // closed when the event reader has ended; nil before there is one
}

func newDevice(binary, dir string, config DeviceConfig) *Device {
	d := &Device{Events: NewLog[DeviceEvent](), Config: config, binary: binary, dir: dir}
	d.control = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", d.socket())
	}}}
	return d
}

// startDevice runs the binary in ns with its files in dir.
func startDevice(ns *Namespace, binary, dir string, config DeviceConfig) (*Device, error) {
	d := newDevice(binary, dir, config)
	if err := config.write(dir); err != nil {
		return nil, err
	}
	log, err := os.Create(d.LogFile())
	if err != nil {
		return nil, fmt.Errorf("create device log: %w", err)
	}
	d.log = log
	if d.daemon, err = start(ns.Args(binary, "run", "--config", filepath.Join(dir, "intercomd.yaml")), log); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return d, nil
}

// LogFile is where the device's log is written.
func (d *Device) LogFile() string { return filepath.Join(d.dir, "device.log") }

// PID is the process id of the daemon.
func (d *Device) PID() int { return d.daemon.cmd.Process.Pid }

func (d *Device) socket() string { return filepath.Join(d.dir, "control.sock") }

// pollInterval is how often something is looked at that tells of no change.
const pollInterval = 50 * time.Millisecond

// poll asks until the condition holds or ctx ends; the error is the last one
// of the condition.
func poll(ctx context.Context, condition func() error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", context.Cause(ctx), err)
		}
	}
}

// follow starts reading the events as soon as the control socket is there. It
// asks the socket itself, not the subcommand: the answer's header says that the
// subscription stands, and no event after it is missed.
func (d *Device) follow(ctx context.Context) error {
	var events *http.Response
	err := poll(ctx, func() error {
		if d.daemon.exited() {
			return errors.New("the device has ended")
		}
		var err error
		events, err = d.control.Get("http://device/v1/events")
		return err
	})
	if err != nil {
		return fmt.Errorf("follow the events of the device: %w", err)
	}
	if events.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("follow the events of the device: %s", events.Status), events.Body.Close())
	}
	d.read = make(chan struct{})
	go func() {
		defer close(d.read)
		defer events.Body.Close()
		d.readEvents(events.Body)
	}()
	return nil
}

func (d *Device) readEvents(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		var e DeviceEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = DeviceEvent{Time: time.Now(), Event: "unreadable", Error: lines.Text()}
		}
		d.Events.Add(e)
	}
	d.Events.Close(errors.New("the event stream has ended"))
}

// AwaitStatus polls the status until it matches.
func (d *Device) AwaitStatus(ctx context.Context, what string, match func(DeviceStatus) bool) (DeviceStatus, error) {
	var s DeviceStatus
	err := poll(ctx, func() error {
		var err error
		if s, err = d.Status(ctx); err != nil {
			return err
		}
		if !match(s) {
			return fmt.Errorf("status %+v", s)
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("wait for %s: %w", what, err)
	}
	return s, nil
}

// Online waits until the device is connected to the server. It may have been
// so before its events were followed, so it asks.
func (d *Device) Online(ctx context.Context) error {
	_, err := d.AwaitStatus(ctx, "the device to be online", func(s DeviceStatus) bool { return s.XMPP.State == "online" })
	return err
}

// ReceivesVideo waits until the statistics show that pictures of a user keep
// arriving.
func (d *Device) ReceivesVideo(ctx context.Context, user int64) error {
	more := uint64(0)
	for range 2 {
		e, err := d.Events.Take(ctx, fmt.Sprintf("pictures of %d at the device", user), func(e DeviceEvent) bool {
			return e.UserID == user && e.Stats != nil && e.Stats.Video.FramesReceived > more
		})
		if err != nil {
			return err
		}
		more = e.Stats.Video.FramesReceived
	}
	return nil
}

// Await takes the next event of a name; user 0 is any.
func (d *Device) Await(ctx context.Context, name string, user int64) (DeviceEvent, error) {
	what := name + " at the device"
	if user != 0 {
		what += fmt.Sprintf(" about %d", user)
	}
	return d.Events.Take(ctx, what, func(e DeviceEvent) bool {
		return e.Event == name && (user == 0 || e.UserID == user)
	})
}

// Had says whether an event came at all; user 0 is any.
func (d *Device) Had(name string, user int64) bool {
	return d.Events.Count(func(e DeviceEvent) bool {
		return e.Event == name && (user == 0 || e.UserID == user)
	}) > 0
}

// Press presses a button.
func (d *Device) Press(ctx context.Context, button string) error { return d.run(ctx, "press", button) }

// Do runs a subcommand (call, accept, reject, stop, update, …).
func (d *Device) Do(ctx context.Context, command ...string) error { return d.run(ctx, command...) }

func (d *Device) run(ctx context.Context, command ...string) error {
	_, err := d.output(ctx, command...)
	return err
}

func (d *Device) output(ctx context.Context, command ...string) ([]byte, error) {
	args := append(append([]string{}, command...), "--socket", d.socket())
	out, err := exec.CommandContext(ctx, d.binary, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out, fmt.Errorf("intercomd %s: %w: %s", strings.Join(command, " "), err, exit.Stderr)
	}
	if err != nil {
		return out, fmt.Errorf("intercomd %s: %w", strings.Join(command, " "), err)
	}
	return out, nil
}

// Status asks what the device is doing.
func (d *Device) Status(ctx context.Context) (DeviceStatus, error) {
	var s DeviceStatus
	out, err := d.output(ctx, "status", "--json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	return s, nil
}

// Snapshot asks for the status as the subcommand does, without its process: it
// may be called many times a second.
func (d *Device) Snapshot(ctx context.Context) (DeviceStatus, error) {
	var s DeviceStatus
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://device/v1/status", nil)
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	answer, err := d.control.Do(request)
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	return s, nil
}

// Hears waits until a tone is in what the loudspeaker played since the call
// (Config.Audio.Playback must be the default file).
func (d *Device) Hears(ctx context.Context, hertz int) (ToneLevel, error) {
	var level ToneLevel
	from := -1
	err := poll(ctx, func() error {
		played, err := d.played()
		if err != nil {
			return err
		}
		if from < 0 {
			from = played.frames()
		}
		half := played.rate / 2
		tail := max(from, played.frames()-half)
		if played.frames()-tail < half {
			return errors.New("less than half a second played")
		}
		level = toneIn(played.samples(tail, half), hertz, played.rate)
		if level.Level < heardLevel || level.Above < heardAbove {
			return fmt.Errorf("%d Hz at %.0f dBFS, %.0f dB above what is beside it", hertz, level.Level, level.Above)
		}
		return nil
	})
	if err != nil {
		return level, fmt.Errorf("wait for a tone at the device's loudspeaker: %w", err)
	}
	return level, nil
}

func (d *Device) played() (recording, error) {
	file, err := os.ReadFile(filepath.Join(d.dir, "out.wav"))
	if err != nil {
		return recording{}, fmt.Errorf("read what was played: %w", err)
	}
	return parseWAV(file)
}

// ResidentMemory returns the daemon's VmRSS in bytes.
func (d *Device) ResidentMemory() (int, error) { return residentMemory(d.PID()) }

func residentMemory(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				return 0, fmt.Errorf("read memory of the process: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, errors.New("read memory of the process: no VmRSS")
}

// Close ends the device as an init system does and returns its exit. A second
// call does nothing.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	err := d.daemon.stop()
	if d.read != nil { // the end of the device ends the stream
		<-d.read
	}
	return errors.Join(err, d.log.Close())
}
