package gpio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReadKeys(t *testing.T) {
	e, w := events(t, t.Context())
	in := &inputKey{events: e, code: 28, name: "keypad"}
	defer in.Close()
	stamp := unix.NsecToTimeval(monotonicNow(t))
	for _, ev := range []inputEvent{
		{stamp, evKey, 29, 1}, {stamp, evSyn, 0, 0}, // another key
		{stamp, 4, 28, 1},             // another kind of event
		{stamp, evKey, 28, 1},         // down
		{stamp, evKey, 28, keyRepeat}, // still down
		{stamp, evKey, 28, 0},         // up
		{stamp, evSyn, synDropped, 0}, // something was lost
	} {
		feed(t, w, ev)
	}
	for _, want := range []bool{true, false} {
		edge, ok, err := in.Wait(soon())
		if err != nil || !ok || edge.Active != want || time.Since(edge.Time) > time.Minute {
			t.Errorf("edge %+v, %v, %v; want active %v", edge, ok, err, want)
		}
	}
	if _, _, err := in.Wait(soon()); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("after lost events %v, want the key to be read, which a pipe has not", err)
	}
	w.Close()
	if _, _, err := in.Wait(soon()); stateOf(err) != StateMissing {
		t.Errorf("a hang-up is %v", err)
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := decodeEvent(b)
		if !ok {
			return
		}
		again, err := binary.Append(nil, binary.NativeEndian, e)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is %+v, which is %x, %v", b, e, again, err)
		}
	})
}

func TestKeySet(t *testing.T) {
	var s keySet
	if codes := s.codes(); len(codes) > 0 {
		t.Errorf("empty set has %v", codes)
	}
	s[0], s[3], s[95] = 1<<1, 1<<4, 1<<7
	if got, want := s.codes(), []int{1, 28, 767}; !slices.Equal(got, want) {
		t.Errorf("codes %v, want %v", got, want)
	}
	if s.has(768) || s.has(65535) || !s.has(767) {
		t.Error("wrong about the end")
	}
}

// The numbers are those of linux/input.h on amd64 and arm64.
func TestIoctlNumbers(t *testing.T) {
	for got, want := range map[uint]uint{
		eviocgname(256): 0x81004506, eviocgkey(96): 0x80604518, eviocgbit(evKey, 96): 0x80604521, eviocsclockid(): 0x400445a0,
	} {
		if got != want {
			t.Errorf("%#x, want %#x", got, want)
		}
	}
}
