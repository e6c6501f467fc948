package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// The people. The contacts are rung by the device's buttons: front rings Anna
// and voice does without picture, pair rings Anna and Ben for the first answer,
// all calls both together, back rings Carl, and none rings Dora and Emil. Carl's
// calls are answered by themselves. Nobody knows the strangers.
const (
	Door          = call.UserID(104)
	Anna          = call.UserID(101)
	Ben           = call.UserID(102)
	Dora          = call.UserID(103)
	Emil          = call.UserID(105)
	Carl          = call.UserID(109)
	FirstStranger = call.UserID(110) // to LastUser
)

// The times of a device and its phones, as short as they may be.
const (
	AnswerTime     = 8 * time.Second
	DialingTime    = 2 * time.Second
	DisconnectTime = 10 * time.Second
)

const deviceConfig = `device: {name: Front door}
xmpp: {domain: %[1]s, address: "%[2]s", tls: %[3]s, allow_insecure: %[4]t, ca_file: %[5]q, resource: intercom-1}
quickblox: {app_id: %[6]d, user_id: %[7]d, password_file: %[8]q}
contacts: [{name: Anna, user_id: %[9]d}, {name: Ben, user_id: %[10]d}, {name: Carl, user_id: %[11]d}, {name: Dora, user_id: %[17]d}, {name: Emil, user_id: %[18]d}]
buttons:
  - {name: front, source: control, contacts: [Anna]}
  - {name: voice, source: control, contacts: [Anna], call_type: audio}
  - {name: pair, source: control, contacts: [Anna, Ben]}
  - {name: all, source: control, contacts: [Anna, Ben], mode: conference}
  - {name: back, source: control, contacts: [Carl]}
auto_accept: {enabled: true, callers: [Carl]}
webrtc: {answer_time_interval: %[12]v, dialing_time_interval: %[13]v, disconnect_time_interval: %[14]v}
camera: {source: test, width: 160, height: 120, fps: 5, bitrate: 100000}
audio: {capture: test, playback: "null"}
control: {socket: %[15]q}
log: {level: %[16]s}
`

// DeviceOptions says where a device runs.
type DeviceOptions struct {
	Binary  string // the daemon's program
	Dir     string // for its files
	Server  *Server
	Address string   // of the server as the device is to dial it; "" is the server's own
	Network *Network // nil is this process's network
	Plain   bool     // without TLS, for a proxy that reads along
	Level   string   // of the log; "" is info
}

// Device is a running daemon.
type Device struct {
	Control *control.Client
	process *process
	log     *os.File
	events  atomic.Pointer[rig.Log[intercom.Event]]
	cancel  context.CancelFunc
	ended   chan struct{} // closed when the events are no longer followed
}

// StartDevice runs a daemon and returns when it is logged in and idle.
func StartDevice(ctx context.Context, o DeviceOptions) (*Device, error) {
	config := filepath.Join(o.Dir, "intercomd.yaml")
	d := &Device{Control: control.NewClient(filepath.Join(o.Dir, "control.sock")), ended: make(chan struct{})}
	if err := o.write(config); err != nil {
		return nil, err
	}
	var err error
	if d.log, err = os.Create(filepath.Join(o.Dir, "device.log")); err != nil {
		return nil, fmt.Errorf("create device log: %w", err)
	}
	args := []string{o.Binary, "run", "--config", config}
	if o.Network != nil {
		args = o.Network.Args(args...)
	}
	if d.process, err = start(d.log, args...); err != nil {
		return nil, errors.Join(err, d.log.Close())
	}
	d.Listen()
	follow, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.cancel = cancel
	go d.follow(follow)
	if err := d.AwaitOnline(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (o DeviceOptions) write(config string) error {
	password := filepath.Join(o.Dir, "password")
	if err := os.WriteFile(password, []byte(Password(Door)), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	address, tls, level := o.Address, "starttls", o.Level
	if address == "" {
		address = o.Server.Address
	}
	if o.Plain {
		tls = "none"
	}
	if level == "" {
		level = "info"
	}
	text := fmt.Sprintf(deviceConfig, Domain, address, tls, o.Plain, o.Server.CAFile(), App, Door, password,
		Anna, Ben, Carl, AnswerTime, DialingTime, DisconnectTime, filepath.Join(o.Dir, "control.sock"), level, Dora, Emil)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// follow collects the events until ctx or the daemon ends. A follower that was
// dropped begins again.
func (d *Device) follow(ctx context.Context) {
	defer close(d.ended)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for ctx.Err() == nil && !d.process.ended() {
		_ = d.Control.Follow(ctx, nil, func(e intercom.Event) error { // also before the socket is there
			d.events.Load().Add(e)
			return nil
		})
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	d.events.Load().Close(errors.New("the device has ended"))
}

// Listen returns a new log, which the events go to from now on.
func (d *Device) Listen() *rig.Log[intercom.Event] {
	l := rig.NewLog[intercom.Event]()
	d.events.Store(l)
	return l
}

// AwaitOnline waits until the device is logged in.
func (d *Device) AwaitOnline(ctx context.Context) error {
	return d.AwaitStatus(ctx, "the device to be online", func(s intercom.Status) error {
		if s.XMPP.State != "online" {
			return fmt.Errorf("it is %s: %s", s.XMPP.State, s.XMPP.Error)
		}
		return nil
	})
}

// AwaitIdle waits until no session is left, and camera and microphone are
// closed.
func (d *Device) AwaitIdle(ctx context.Context) error {
	return d.AwaitStatus(ctx, "the device to be idle", func(s intercom.Status) error {
		switch {
		case len(s.Sessions) > 0:
			return fmt.Errorf("sessions %+v", s.Sessions)
		case Opened(s):
			return fmt.Errorf("camera %s, microphone %s", s.Camera.State, s.Audio.State)
		}
		return nil
	})
}

// Opened says whether camera or microphone are open.
func Opened(s intercom.Status) bool {
	return s.Camera.State == intercom.DeviceOpen || s.Audio.State == intercom.DeviceOpen
}

// AwaitStatus asks for the status until condition returns nil.
func (d *Device) AwaitStatus(ctx context.Context, what string, condition func(intercom.Status) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return Poll(ctx, what, func() error {
		if d.process.ended() {
			giveUp(errors.New("the device has ended"))
			return fmt.Errorf("%w:\n%s", d.process.err, d.LogSince(0, 10))
		}
		s, err := d.Control.Status(ctx)
		if err != nil {
			return err
		}
		return condition(s)
	})
}

// Received is how many media packets have come from all peers since the start.
func (d *Device) Received(ctx context.Context) (uint64, error) {
	s, err := d.Control.Status(ctx)
	return s.Media["audio_packets_received"] + s.Media["video_packets_received"], err
}

// PID is the daemon's process id.
func (d *Device) PID() int { return d.process.pid() }

// LogSize is how long the log is now, for LogSince.
func (d *Device) LogSize() int64 {
	info, err := d.log.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// LogSince returns at most the last n lines of the log after its first from
// bytes.
func (d *Device) LogSince(from int64, n int) string {
	text, err := os.ReadFile(d.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text[min(from, int64(len(text))):])), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Close ends the daemon as an init system does. The error tells of one that did
// not end well.
func (d *Device) Close() error {
	err := d.process.stop()
	d.cancel()
	<-d.ended
	return errors.Join(err, d.log.Close())
}

// Binary is the daemon's program in a checkout: BINARY, or what
// scripts/build.sh makes.
func Binary(root string) string {
	if path := os.Getenv("BINARY"); path != "" {
		return path
	}
	path, err := filepath.Abs(filepath.Join(root, "bin", "intercomd"))
	if err != nil {
		return filepath.Join(root, "bin", "intercomd") // no working directory: as good as any
	}
	return path
}
