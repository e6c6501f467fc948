package gpio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// InputDevice is an input device of the kernel.
type InputDevice struct {
	Path    string `json:"path"`              // /dev/input/event0
	Name    string `json:"name"`              // what the driver calls it
	Keys    []int  `json:"keys"`              // codes of the keys it can send
	Problem string `json:"problem,omitempty"` // why there is no more to tell

	denied bool
}

// ListInputs lists the input devices that have keys. A device that cannot be
// opened is in the list with its Problem.
func ListInputs() ([]InputDevice, error) { return kernel{dev: "/dev"}.inputs() }

// inputs lists the devices in the order of their numbers. A kernel without any
// has no directory for them.
func (k kernel) inputs() ([]InputDevice, error) {
	entries, err := os.ReadDir(filepath.Join(k.dev, "input"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list input devices: %w", err)
	}
	var devices []InputDevice
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "event") || e.Type()&fs.ModeCharDevice == 0 {
			continue
		}
		if d := inputDevice(filepath.Join(k.dev, "input", e.Name())); d.Problem != "" || len(d.Keys) > 0 {
			devices = append(devices, d)
		}
	}
	slices.SortStableFunc(devices, func(a, b InputDevice) int { return len(a.Path) - len(b.Path) })
	return devices, nil
}

func inputDevice(path string) InputDevice {
	d := InputDevice{Path: path}
	fd, err := openEvents(path)
	if err == nil {
		defer unix.Close(fd)
		err = describeEvents(fd, &d)
	}
	if err != nil {
		d.Problem, d.denied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	return d
}

func openEvents(path string) (int, error) {
	return unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

func describeEvents(fd int, d *InputDevice) error {
	var name [256]byte
	if err := ioctl(fd, eviocgname(len(name)), unsafe.Pointer(&name)); err != nil {
		return os.NewSyscallError("EVIOCGNAME", err)
	}
	d.Name = unix.ByteSliceToString(name[:])
	var keys keySet
	if err := ioctl(fd, eviocgbit(evKey, len(keys)), unsafe.Pointer(&keys)); err != nil {
		return os.NewSyscallError("EVIOCGBIT", err)
	}
	d.Keys = keys.codes()
	return nil
}

// Key implements [Board].
func (k kernel) Key(ctx context.Context, r KeyRequest) (Input, error) {
	code, err := parseKey(r.Key)
	if err != nil {
		return nil, &DeviceError{State: StateMissing, Text: "open input device", Err: err}
	}
	devices, err := k.inputs()
	if err != nil {
		return nil, err
	}
	d, err := findInput(devices, r.Device, k.path(r.Device), code)
	if err != nil {
		return nil, err
	}
	fd, err := openEvents(d.Path)
	if err == nil {
		err = monotonic(fd)
	}
	if err != nil {
		return nil, &DeviceError{State: StateMissing, Text: "open input device " + d.String(), Err: err}
	}
	events, err := newEventFD(ctx, fd)
	if err != nil {
		return nil, err
	}
	return &inputKey{events: events, code: code, name: "input device " + d.String()}, nil
}

// monotonic makes the kernel stamp the events with CLOCK_MONOTONIC.
func monotonic(fd int) error {
	clock := int32(unix.CLOCK_MONOTONIC)
	if err := ioctl(fd, eviocsclockid(), unsafe.Pointer(&clock)); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("EVIOCSCLOCKID", err)
	}
	return nil
}

// inputKey is an [Input].
type inputKey struct {
	events *eventFD
	code   uint16
	name   string
}

// Wait implements [Input].
func (i *inputKey) Wait(until time.Time) (Edge, bool, error) {
	for {
		ready, err := i.events.wait(until)
		if err != nil {
			return Edge{}, false, lost(i.name, err)
		}
		if !ready {
			return Edge{}, false, nil
		}
		var buf [int(unsafe.Sizeof(inputEvent{}))]byte
		n, err := unix.Read(i.events.fd, buf[:])
		if err == unix.EAGAIN || err == unix.EINTR {
			continue
		}
		if err != nil {
			return Edge{}, false, lost(i.name, err)
		}
		e, ok := decodeEvent(buf[:n])
		if !ok {
			continue
		}
		edge, ok, err := i.edge(e)
		if ok || err != nil {
			return edge, ok, err
		}
	}
}

// edge makes an edge of an event of this key. When the kernel dropped events,
// it reads the key instead.
func (i *inputKey) edge(e inputEvent) (Edge, bool, error) {
	switch {
	case e.Type == evSyn && e.Code == synDropped:
		active, err := i.Active()
		return Edge{Active: active, Time: time.Now()}, err == nil, err
	case e.Type == evKey && e.Code == i.code && e.Value != keyRepeat:
		return Edge{Active: e.Value != 0, Time: i.events.clock.time(e.Time.Nano())}, true, nil
	}
	return Edge{}, false, nil
}

// Active implements [Input].
func (i *inputKey) Active() (bool, error) {
	var down keySet
	if err := ioctl(i.events.fd, eviocgkey(len(down)), unsafe.Pointer(&down)); err != nil {
		return false, lost(i.name, err)
	}
	return down.has(i.code), nil
}

// Close implements [Input].
func (i *inputKey) Close() error { return i.events.close() }

// Constants of linux/input.h and linux/input-event-codes.h.
const (
	evSyn      = 0x00
	evKey      = 0x01
	synDropped = 3
	keyRepeat  = 2 // value of an event; 1 is down and 0 is up
)

// inputEvent is struct input_event.
type inputEvent struct {
	Time  unix.Timeval
	Type  uint16
	Code  uint16
	Value int32
}

// decodeEvent reads what the kernel wrote; false is a broken event.
func decodeEvent(b []byte) (inputEvent, bool) {
	var e inputEvent
	n, err := binary.Decode(b, binary.NativeEndian, &e)
	return e, err == nil && n == len(b)
}

// keySet has a bit for each key.
type keySet [keyMax/8 + 1]byte

func (s *keySet) has(code uint16) bool {
	return int(code) <= keyMax && s[code/8]&(1<<(code%8)) != 0
}

func (s *keySet) codes() []int {
	var codes []int
	for code := range uint16(keyMax + 1) {
		if s.has(code) {
			codes = append(codes, int(code))
		}
	}
	return codes
}

// Requests of linux/input.h, put together as in asm-generic/ioctl.h.
func eviocgname(size int) uint             { return ioc(iocRead, 0x06, size) }
func eviocgkey(size int) uint              { return ioc(iocRead, 0x18, size) }
func eviocgbit(event, size int) uint       { return ioc(iocRead, 0x20+event, size) }
func eviocsclockid() uint                  { return ioc(iocWrite, 0xa0, 4) }
func ioc(direction, number, size int) uint { return uint(direction<<30 | size<<16 | 'E'<<8 | number) }

const (
	iocWrite = 1
	iocRead  = 2
)

func ioctl(fd int, request uint, arg unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
	if errno != 0 {
		return errno
	}
	return nil
}
