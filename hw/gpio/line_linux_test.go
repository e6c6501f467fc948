package gpio

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
)

// oldKernel refuses what it does not know.
type oldKernel struct {
	noV2       error // any request of version 2
	noDebounce error
	refuse     error // everything
	asked      []string
}

func (k *oldKernel) answer(fd *int32, what string, err error) error {
	k.asked = append(k.asked, what)
	if k.refuse != nil {
		err = k.refuse
	}
	if err == nil {
		*fd = 5
	}
	return err
}

func (k *oldKernel) v2(r *uapi.LineRequest) error {
	what, err := "v2", k.noV2
	for _, a := range r.Config.Attrs[:r.Config.NumAttrs] {
		if a.Attr.ID == uapi.LineAttributeIDDebounce {
			what += " debounce"
			if err == nil {
				err = k.noDebounce
			}
		}
	}
	return k.answer(&r.Fd, what, err)
}

func (k *oldKernel) event(r *uapi.EventRequest) error   { return k.answer(&r.Fd, "event", nil) }
func (k *oldKernel) handle(r *uapi.HandleRequest) error { return k.answer(&r.Fd, "handle", nil) }

func TestRequestInput(t *testing.T) {
	tests := []struct {
		name      string
		kernel    oldKernel
		debounce  time.Duration
		onlyV1    bool
		want      lineFD
		debounced bool
		err       error
		asked     []string
	}{
		{"all there", oldKernel{}, time.Millisecond, false, lineFD{fd: 5}, true, nil, []string{"v2 debounce"}},
		{"no debounce wanted", oldKernel{}, 0, false, lineFD{fd: 5}, false, nil, []string{"v2"}},
		{"driver without debounce", oldKernel{noDebounce: unix.EOPNOTSUPP}, time.Millisecond, false, lineFD{fd: 5}, false, nil, []string{"v2 debounce", "v2"}},
		{"kernel before 5.10", oldKernel{noV2: unix.EINVAL}, time.Millisecond, false, lineFD{fd: 5, v1: true}, false, nil, []string{"v2 debounce", "v2", "event"}},
		{"version 1 only", oldKernel{}, time.Millisecond, true, lineFD{fd: 5, v1: true}, false, nil, []string{"event"}},
		{"busy", oldKernel{refuse: unix.EBUSY}, time.Millisecond, false, lineFD{}, true, unix.EBUSY, []string{"v2 debounce"}},
		{"no edges", oldKernel{refuse: unix.ENXIO}, time.Millisecond, false, lineFD{v1: true}, false, unix.ENXIO, []string{"v2 debounce", "v2", "event"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, debounced, err := requestInput(&tt.kernel, 17, InputRequest{Debounce: tt.debounce}, tt.onlyV1)
			if got != tt.want || debounced != tt.debounced || err != tt.err {
				t.Errorf("%+v, %v, %v; want %+v, %v, %v", got, debounced, err, tt.want, tt.debounced, tt.err)
			}
			if !slices.Equal(tt.kernel.asked, tt.asked) {
				t.Errorf("asked for %q, want %q", tt.kernel.asked, tt.asked)
			}
		})
	}
}

func TestRequestOutput(t *testing.T) {
	tests := []struct {
		name   string
		kernel oldKernel
		onlyV1 bool
		want   lineFD
		err    error
		asked  []string
	}{
		{"all there", oldKernel{}, false, lineFD{fd: 5}, nil, []string{"v2"}},
		{"kernel before 5.10", oldKernel{noV2: unix.ENOTTY}, false, lineFD{fd: 5, v1: true}, nil, []string{"v2", "handle"}},
		{"version 1 only", oldKernel{}, true, lineFD{fd: 5, v1: true}, nil, []string{"handle"}},
		{"forbidden", oldKernel{refuse: unix.EPERM}, false, lineFD{}, unix.EPERM, []string{"v2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := requestOutput(&tt.kernel, 23, OutputRequest{}, tt.onlyV1)
			if got != tt.want || err != tt.err || !slices.Equal(tt.kernel.asked, tt.asked) {
				t.Errorf("%+v, %v after %q; want %+v, %v after %q", got, err, tt.kernel.asked, tt.want, tt.err, tt.asked)
			}
		})
	}
}

// What is asked for is what linux/gpio.h has for it.
func TestRequestFlags(t *testing.T) {
	tests := []struct {
		request InputRequest
		v2      uapi.LineFlagV2
		v1      uapi.HandleFlag
	}{
		{InputRequest{}, 1<<2 | 1<<4 | 1<<5, 1 << 0},
		{InputRequest{ActiveLow: true}, 1<<1 | 1<<2 | 1<<4 | 1<<5, 1<<0 | 1<<2},
		{InputRequest{Bias: BiasPullUp}, 1<<2 | 1<<4 | 1<<5 | 1<<8, 1<<0 | 1<<5},
		{InputRequest{Bias: BiasPullDown}, 1<<2 | 1<<4 | 1<<5 | 1<<9, 1<<0 | 1<<6},
		{InputRequest{Bias: BiasNone}, 1<<2 | 1<<4 | 1<<5 | 1<<10, 1<<0 | 1<<7},
	}
	for _, tt := range tests {
		tt.request.Consumer = strings.Repeat("long", 20)
		v2 := inputV2(17, tt.request)
		if v2.Config.Flags != tt.v2 || v2.Offsets[0] != 17 || v2.Lines != 1 || v2.EventBufferSize != 256 || v2.Consumer[len(v2.Consumer)-1] != 0 {
			t.Errorf("%+v: version 2 %+v", tt.request, v2)
		}
		v1 := inputV1(17, tt.request)
		if v1.HandleFlags != tt.v1 || v1.Offset != 17 || v1.EventFlags != 3 || v1.Consumer[len(v1.Consumer)-1] != 0 {
			t.Errorf("%+v: version 1 %+v", tt.request, v1)
		}
	}
}

func TestRefused(t *testing.T) {
	c := header("gpiochip0", "pinctrl-bcm2711")
	tests := []struct {
		err   error
		state string
		word  string
	}{
		{unix.EBUSY, StateBusy, `"gpio-keys"`},
		{unix.EPERM, StateDenied, "group gpio"},
		{unix.ENODEV, StateMissing, "no such device"},
		{unix.ENXIO, StateFailed, "another line"},
		{unix.EIO, StateFailed, "input/output error"},
	}
	for _, tt := range tests {
		err := kernel{dev: t.TempDir()}.refused(c, Line{Offset: 3, Consumer: "gpio-keys"}, "GPIO17", tt.err)
		if stateOf(err) != tt.state {
			t.Errorf("%v is %s, want %s", tt.err, stateOf(err), tt.state)
		}
		for _, word := range []string{"GPIO17", "pinctrl-bcm2711", tt.word} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q lacks %q", err, word)
			}
		}
	}
}

// monotonicNow reads the clock that the kernel stamps events with.
func monotonicNow(t *testing.T) int64 {
	t.Helper()
	var clock unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock); err != nil {
		t.Fatal(err)
	}
	return clock.Nano()
}

func TestEventTime(t *testing.T) {
	clock, err := newEventClock()
	if err != nil {
		t.Fatal(err)
	}
	stamp := monotonicNow(t)
	tests := []struct {
		name  string
		stamp int64
		want  time.Duration // ago
	}{
		{"just now", stamp, 0},
		{"a second ago", stamp - int64(time.Second), time.Second},
		{"before the clock was read", stamp - int64(30*time.Second), 30 * time.Second},
		{"too old", stamp - int64(time.Hour), 0},
		{"to come", stamp + int64(time.Hour), 0},
		{"wall clock", time.Now().UnixNano(), 0},
	}
	for _, tt := range tests {
		if got := time.Since(clock.time(tt.stamp)); got < tt.want || got > tt.want+10*time.Second {
			t.Errorf("%s: %v ago, want %v", tt.name, got, tt.want)
		}
	}
}

// The time between edges is what the kernel says, to the nanosecond.
func TestTimeBetweenEvents(t *testing.T) {
	clock, err := newEventClock()
	if err != nil {
		t.Fatal(err)
	}
	stamp := monotonicNow(t) - int64(time.Second)
	for range 1000 {
		first, second := clock.time(stamp), clock.time(stamp+int64(5*time.Millisecond))
		if got := second.Sub(first); got != 5*time.Millisecond {
			t.Fatalf("%v, want 5ms", got)
		}
	}
}

// events is an event descriptor fed by a test.
func events(t *testing.T, ctx context.Context) (*eventFD, *os.File) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	e, err := newEventFD(ctx, fds[0])
	if err != nil {
		t.Fatal(err)
	}
	w := os.NewFile(uintptr(fds[1]), "events")
	t.Cleanup(func() { w.Close() })
	return e, w
}

func feed(t *testing.T, w *os.File, event any) {
	t.Helper()
	if err := binary.Write(w, binary.NativeEndian, event); err != nil {
		t.Fatal(err)
	}
}

func soon() time.Time { return time.Now().Add(time.Minute) }

func TestReadEdges(t *testing.T) {
	for _, v1 := range []bool{false, true} {
		e, w := events(t, t.Context())
		in := &inputLine{line: lineFD{fd: e.fd, v1: v1}, events: e, name: "line 17"}
		stamp := monotonicNow(t)
		for _, id := range []uint32{1, 2} {
			if v1 {
				feed(t, w, uapi.EventData{Timestamp: uint64(stamp), ID: uapi.EventFlag(id)})
			} else {
				feed(t, w, uapi.LineEvent{Timestamp: uint64(stamp), ID: uapi.LineEventID(id)})
			}
		}
		for _, want := range []bool{true, false} {
			edge, ok, err := in.Wait(soon())
			if err != nil || !ok || edge.Active != want || time.Since(edge.Time) > time.Minute {
				t.Errorf("v1 %v: edge %+v, %v, %v; want active %v", v1, edge, ok, err, want)
			}
		}
		if edge, ok, err := in.Wait(time.Now()); ok || err != nil {
			t.Errorf("v1 %v: edge %+v, %v, want none", v1, edge, err)
		}
		if _, err := in.Active(); stateOf(err) != StateFailed || !strings.Contains(err.Error(), "line 17") {
			t.Errorf("v1 %v: a pipe has no level: %v", v1, err)
		}
		w.Close()
		if _, _, err := in.Wait(soon()); stateOf(err) != StateMissing || !errors.Is(err, unix.ENODEV) {
			t.Errorf("v1 %v: a hang-up is %v", v1, err)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e, _ := events(t, ctx)
	in := &inputKey{events: e, code: 28, name: "keypad"}
	defer in.Close()
	ended := make(chan error)
	go func() {
		_, ok, err := in.Wait(soon())
		if ok {
			err = errors.New("an edge")
		}
		ended <- err
	}()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
