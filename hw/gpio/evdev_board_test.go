//go:build board

package gpio

import (
	"context"
	"encoding/binary"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of linux/uinput.h: write 4 bytes, nothing, and struct uinput_setup.
const (
	uiSetEvBit  = 1<<30 | 4<<16 | 'U'<<8 | 100
	uiSetKeyBit = 1<<30 | 4<<16 | 'U'<<8 | 101
	uiDevSetup  = 1<<30 | 92<<16 | 'U'<<8 | 3
	uiDevCreate = 'U'<<8 | 1
)

// uinputSetup is struct uinput_setup.
type uinputSetup struct {
	bus, vendor, product, version uint16
	name                          [80]byte
	effects                       uint32
}

// keyboard is an input device of this test.
type keyboard struct {
	t  *testing.T
	fd int
}

func plugKeyboard(t *testing.T, name string, keys ...uint16) *keyboard {
	t.Helper()
	fd, err := unix.Open("/dev/uinput", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	k := &keyboard{t, fd}
	k.control(uiSetEvBit, evKey)
	for _, key := range keys {
		k.control(uiSetKeyBit, uintptr(key))
	}
	setup := uinputSetup{bus: 3, vendor: 1, product: 2}
	copy(setup.name[:], name)
	if err := ioctl(fd, uiDevSetup, unsafe.Pointer(&setup)); err != nil {
		t.Fatal(err)
	}
	k.control(uiDevCreate, 0)
	t.Cleanup(k.unplug)
	return k
}

func (k *keyboard) control(request, value uintptr) {
	k.t.Helper()
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(k.fd), request, value); errno != 0 {
		k.t.Fatal(errno)
	}
}

func (k *keyboard) unplug() {
	if k.fd >= 0 {
		unix.Close(k.fd)
		k.fd = -1
	}
}

func (k *keyboard) send(code uint16, value int32) {
	k.t.Helper()
	var b []byte
	for _, e := range []inputEvent{{Type: evKey, Code: code, Value: value}, {Type: evSyn}} {
		var err error
		if b, err = binary.Append(b, binary.NativeEndian, e); err != nil {
			k.t.Fatal(err)
		}
	}
	if _, err := unix.Write(k.fd, b); err != nil {
		k.t.Error(err)
	}
}

// press holds a key for a while, with what a held key repeats.
func (k *keyboard) press(code uint16, d time.Duration) {
	k.t.Helper()
	k.send(code, 1)
	for began := time.Now(); time.Since(began) < d; k.send(code, keyRepeat) {
		pause(min(d, 30*time.Millisecond))
	}
	k.send(code, 0)
}

func key(t *testing.T, cfg KeyConfig) *watched {
	t.Helper()
	w := newWatched(t)
	cfg.OnChange = w.onChange
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	source := NewKey(cfg)
	w.start(func(ctx context.Context) error { return source.Run(ctx, func(p Press) { w.presses <- p }) })
	return w
}

func TestBoardKey(t *testing.T) {
	const enter, phone = 28, 169
	k := plugKeyboard(t, "USB door button", enter, phone)
	w := key(t, KeyConfig{Button: "front", Device: "door", Key: "KEY_PHONE"})
	w.wantState(StateOpen)
	pause(100 * time.Millisecond)

	k.press(enter, 60*time.Millisecond)
	w.wantSilence(300 * time.Millisecond)
	for range 5 {
		k.press(phone, 60*time.Millisecond)
		w.want("front", KindPress)
		pause(DebounceTime)
	}
	k.press(phone, 2*time.Second)
	w.want("front", KindPress)
	w.wantSilence(300 * time.Millisecond)

	k.unplug()
	t.Log(w.wantState(StateMissing))
	w.wantState(StateMissing) // from lost to not there
	k = plugKeyboard(t, "USB door button", enter, phone)
	w.wantState(StateOpen)
	k.press(phone, 60*time.Millisecond)
	w.want("front", KindPress)
}

// Any device with the key will do when none is named.
func TestBoardKeyOfAnyDevice(t *testing.T) {
	plugKeyboard(t, "mouse", 272)
	k := plugKeyboard(t, "keypad", 28)
	w := key(t, KeyConfig{Button: "front", Key: "28", LongPress: time.Second})
	w.wantState(StateOpen)
	k.press(28, 1500*time.Millisecond)
	w.want("front", KindLongPress)
	w.wantSilence(100 * time.Millisecond)
}

func TestBoardNoSuchKey(t *testing.T) {
	plugKeyboard(t, "keypad", 28)
	err := key(t, KeyConfig{Button: "front", Device: "keypad", Key: "KEY_F1"}).wantState(StateMissing)
	if !strings.Contains(err.Error(), "KEY_F1") || !strings.Contains(err.Error(), "keypad") {
		t.Errorf("%q names neither key nor device", err)
	}
	devices, err := ListInputs()
	if err != nil || len(devices) != 1 || devices[0].Name != "keypad" || len(devices[0].Keys) != 1 {
		t.Errorf("%+v, %v", devices, err)
	}
}
