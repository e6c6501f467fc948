package alsa_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// telephone is a wish that most cards can grant.
var telephone = alsa.Want{
	Rates: []int{48000, 44100, 8000}, Formats: []alsa.Format{alsa.FormatS16LE, alsa.FormatS32LE},
	Channels: []int{1, 2}, Period: 10 * time.Millisecond, Buffer: 200 * time.Millisecond,
}

func card() *alsatest.Card {
	return &alsatest.Card{ID: "Device", Driver: "USB-Audio", Name: "USB Audio"}
}

func open(t *testing.T, sys alsa.System, path string) *alsa.PCM {
	t.Helper()
	p, err := alsa.OpenPCM(sys, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// running configures, prepares and starts a stream, a speaker with sound.
func running(t *testing.T, p *alsa.PCM) {
	t.Helper()
	if _, err := p.Configure(telephone); err != nil {
		t.Fatal(err)
	}
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	if p.Stream() == alsa.StreamPlayback {
		if _, err := p.Write(make([]byte, 2*4800)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestConfigureChooses(t *testing.T) {
	tests := []struct {
		name string
		card alsatest.Card
		want alsa.Setup
	}{
		{"the best", alsatest.Card{Rates: []int{8000, 44100, 48000, 96000}},
			alsa.Setup{Rate: 48000, Format: alsa.FormatS16LE, Channels: 1, Period: 480, Buffer: 9600}},
		{"44.1 kHz", alsatest.Card{Rates: []int{44100}},
			alsa.Setup{Rate: 44100, Format: alsa.FormatS16LE, Channels: 1, Period: 441, Buffer: 8820}},
		{"telephone", alsatest.Card{Rates: []int{8000}},
			alsa.Setup{Rate: 8000, Format: alsa.FormatS16LE, Channels: 1, Period: 80, Buffer: 1600}},
		{"stereo only", alsatest.Card{Channels: []int{2}},
			alsa.Setup{Rate: 48000, Format: alsa.FormatS16LE, Channels: 2, Period: 480, Buffer: 9600}},
		{"32 bits only", alsatest.Card{Formats: []alsa.Format{alsa.FormatS32LE}},
			alsa.Setup{Rate: 48000, Format: alsa.FormatS32LE, Channels: 1, Period: 480, Buffer: 9600}},
		{"periods of powers of two", alsatest.Card{PeriodStep: 256},
			alsa.Setup{Rate: 48000, Format: alsa.FormatS16LE, Channels: 1, Period: 512, Buffer: 9600}},
		{"able to resume", alsatest.Card{CanResume: true},
			alsa.Setup{Rate: 48000, Format: alsa.FormatS16LE, Channels: 1, Period: 480, Buffer: 9600, CanResume: true}},
	}
	for _, tt := range tests {
		p := open(t, alsatest.NewSystem(&tt.card), "/dev/snd/pcmC0D0p")
		if got, err := p.Configure(telephone); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestConfigureRefuses(t *testing.T) {
	for _, c := range []alsatest.Card{
		{Rates: []int{22050}}, {Channels: []int{5}}, {Formats: []alsa.Format{alsa.FormatS243LE}},
	} {
		p := open(t, alsatest.NewSystem(&c), "/dev/snd/pcmC0D0p")
		if got, err := p.Configure(telephone); !errors.Is(err, alsa.ErrFormat) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// What a state does not allow is EBADFD, and errors name their request.
func TestRequestsInWrongState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := alsatest.NewSystem(card())
		p := open(t, sys, "/dev/snd/pcmC0D0p")
		buf := make([]byte, 960)
		wrong := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, unix.EBADFD) || !strings.HasPrefix(err.Error(), what+": ") {
				t.Errorf("%s: %v", what, err)
			}
		}
		wrong("PREPARE", p.Prepare())
		wrong("START", p.Start())
		wrong("DROP", p.Drop())
		if _, err := p.Configure(telephone); err != nil {
			t.Fatal(err)
		}
		wrong("START", p.Start())
		_, err := p.Write(buf)
		wrong("WRITEI_FRAMES", err)
		_, err = p.Delay()
		wrong("DELAY", err)
		wrong("RESUME", p.Resume())
		if err := p.Prepare(); err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); !errors.Is(err, unix.EPIPE) {
			t.Errorf("start without sound: %v", err)
		}
		if _, err := p.Read(buf); !errors.Is(err, unix.EINVAL) {
			t.Errorf("read from a speaker: %v", err)
		}
		if _, err := p.Write(nil); !errors.Is(err, unix.EINVAL) {
			t.Errorf("write of nothing: %v", err)
		}
	})
}

// liar is a driver that says something else about transfers than it does.
type liar struct {
	alsa.System
	result int
}

func (l liar) Open(path string) (alsa.File, error) {
	f, err := l.System.Open(path)
	return lie{f, l.result}, err
}

type lie struct {
	alsa.File
	result int
}

func (l lie) Ioctl(request uintptr, arg unsafe.Pointer) error {
	err := l.File.Ioctl(request, arg)
	if err == nil && request == alsa.IoctlWriteI {
		(*alsa.XferI)(arg).Result = l.result
	}
	return err
}

// TestTransferOfNonsense keeps callers from going round for ever, or beyond
// their buffers.
func TestTransferOfNonsense(t *testing.T) {
	for result, want := range map[int]bool{-1: false, 0: false, 1: true, 10: true, 11: false} {
		synctest.Test(t, func(t *testing.T) {
			p := open(t, liar{alsatest.NewSystem(card()), result}, "/dev/snd/pcmC0D0p")
			if _, err := p.Configure(telephone); err != nil {
				t.Fatal(err)
			}
			if err := p.Prepare(); err != nil {
				t.Fatal(err)
			}
			n, err := p.Write(make([]byte, 2*10))
			if want && (n != result || err != nil) || !want && (n != 0 || !errors.Is(err, unix.EIO)) {
				t.Errorf("a driver that says %d of 10: %d, %v", result, n, err)
			}
		})
	}
}

func TestPlaybackRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := card()
		p := open(t, alsatest.NewSystem(c), "/dev/snd/pcmC0D0p")
		running(t, p)
		time.Sleep(60 * time.Millisecond)
		if delay, err := p.Delay(); delay != 4800-2880 || err != nil {
			t.Errorf("delay %d, %v, want 40 ms", delay, err)
		}
		n, err := p.Write(make([]byte, 2*48000))
		if n != 9600-(4800-2880) || err != nil {
			t.Errorf("took %d frames, %v, want what fits", n, err)
		}
		if _, err := p.Write(make([]byte, 2)); !errors.Is(err, unix.EAGAIN) {
			t.Errorf("write to a full buffer: %v", err)
		}
		if s, err := p.Status(); err != nil || s.State != alsa.StateRunning || s.Avail != 0 || s.Delay != 9600 {
			t.Errorf("status %+v, %v", s, err)
		}
		time.Sleep(time.Second)
		if _, err := p.Write(make([]byte, 2)); !errors.Is(err, unix.EPIPE) {
			t.Errorf("write after an xrun: %v", err)
		}
		if err := p.Prepare(); err != nil || c.State(alsa.StreamPlayback) != alsa.StatePrepared {
			t.Errorf("%v, state %v", err, c.State(alsa.StreamPlayback))
		}
	})
}

func TestCaptureRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := card()
		c.Speak = func(at time.Duration) int16 { return int16(at.Milliseconds()) }
		sys := alsatest.NewSystem(c)
		p := open(t, sys, "/dev/snd/pcmC0D0c")
		running(t, p)
		buf := make([]byte, 2*96000)
		if _, err := p.Read(buf); !errors.Is(err, unix.EAGAIN) {
			t.Errorf("read at once: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
		n, err := p.Read(buf)
		if n != 2400 || err != nil || buf[2*2399] != 49 {
			t.Errorf("%d frames, the last one from %d ms, %v", n, buf[2*2399], err)
		}
		time.Sleep(300 * time.Millisecond)
		if _, err := p.Read(buf); !errors.Is(err, unix.EPIPE) {
			t.Errorf("read after an xrun: %v", err)
		}
		sys.Unplug(c)
		if _, err := p.Read(buf); !errors.Is(err, unix.ENODEV) {
			t.Errorf("read from a card that is gone: %v", err)
		}
		if err := errors.Join(p.Close(), p.Close()); err != nil {
			t.Error(err)
		}
		if _, err := p.Read(buf); !errors.Is(err, unix.EBADF) {
			t.Errorf("read after Close: %v", err)
		}
	})
}

func TestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := card()
		sys := alsatest.NewSystem(c)
		speaker, mic := open(t, sys, "/dev/snd/pcmC0D0p"), open(t, sys, "/dev/snd/pcmC0D0c")
		running(t, speaker)
		if err := speaker.Link(mic); !errors.Is(err, unix.EBADFD) || !strings.HasPrefix(err.Error(), "LINK: ") {
			t.Errorf("link of different states: %v", err)
		}
		running(t, mic)
		if err := speaker.Link(mic); err != nil {
			t.Fatal(err)
		}
		if err := mic.Link(speaker); !errors.Is(err, unix.EALREADY) {
			t.Errorf("link twice: %v", err)
		}
		if err := speaker.Drop(); err != nil || c.State(alsa.StreamCapture) != alsa.StateSetup {
			t.Errorf("drop of one: %v, the other is %v", err, c.State(alsa.StreamCapture))
		}
		if err := errors.Join(mic.Unlink(), mic.Prepare(), mic.Start()); err != nil || c.State(alsa.StreamPlayback) != alsa.StateSetup {
			t.Errorf("alone: %v, the other is %v", err, c.State(alsa.StreamPlayback))
		}
		if err := mic.Unlink(); !errors.Is(err, unix.EALREADY) {
			t.Errorf("unlink twice: %v", err)
		}
	})
}

func TestList(t *testing.T) {
	mic := &alsatest.Card{Number: 11, ID: "Mic", NoPlayback: true}
	sys := alsatest.NewSystem(mic, card())
	open(t, sys, "/dev/snd/pcmC0D0c")
	devices, err := alsa.List(sys)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	free := 0
	for _, d := range devices {
		paths = append(paths, d.Path())
		free += d.Free
	}
	if want := []string{"/dev/snd/pcmC0D0p", "/dev/snd/pcmC0D0c", "/dev/snd/pcmC11D0c"}; !slices.Equal(paths, want) || free != 2 {
		t.Errorf("%v with %d free, want %v with 2", paths, free, want)
	}
	if d := devices[0]; d.Card.ID != "Device" || d.Card.Driver != "USB-Audio" || d.Name != "USB Audio PCM" {
		t.Errorf("%+v", d)
	}
	sys.Fail(alsa.IoctlCardInfo, unix.EIO, 1)
	if devices, err := alsa.List(sys); len(devices) != 1 || err == nil || !strings.Contains(err.Error(), "list card 0: CARD_INFO: input/output error") {
		t.Errorf("%d devices, %v", len(devices), err)
	}
}

func TestPCMPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/dev/snd/pcmC0D0c": true, "/dev/snd/pcmC12D3p": true, "/dev/snd/pcmC0D0x": false, "/dev/snd/pcmC0c": false,
		"/dev/snd/pcmC": false, "/dev/snd/pcmC0D0": false, "/dev/snd/pcmC01D0c": false, "/dev/snd/pcmC+1D0c": false, "": false,
	} {
		card, device, s, ok := alsa.ParsePCMPath(path)
		if ok != want || ok && alsa.PCMPath(card, device, s) != path {
			t.Errorf("%q: %d %d %d %v", path, card, device, s, ok)
		}
	}
}

func TestHolder(t *testing.T) {
	sys := alsatest.NewSystem(card())
	const path, status = "/dev/snd/pcmC0D0c", "/proc/asound/card0/pcm0c/sub0/status"
	for _, tt := range []struct{ status, process, want string }{
		{"closed\n", "", ""},
		{"state: RUNNING\nowner_pid   : 41\n", "", "pid 41"},
		{"state: RUNNING\nowner_pid   : 41\n", "Name:\tarecord\nTgid:\t40\n", "arecord (pid 40)"},
	} {
		sys.SetFile(status, tt.status)
		if tt.process != "" {
			sys.SetFile("/proc/41/status", tt.process)
		}
		if got := alsa.Holder(sys, path); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.status, got, tt.want)
		}
	}
	for _, other := range []string{"/dev/null", "/dev/snd/pcmC5D0c"} {
		if got := alsa.Holder(sys, other); got != "" {
			t.Errorf("%s: %q", other, got)
		}
	}
}

func TestElementValue(t *testing.T) {
	tests := []struct {
		low, high, step, percent, want int
	}{
		{0, 100, 0, 37, 37}, {0, 31, 0, 50, 16}, {0, 31, 0, 0, 0}, {0, 31, 0, 100, 31}, {0, 31, 0, 900, 31}, {0, 31, 0, -5, 0},
		{-10239, 400, 0, 0, -10239}, {-10239, 400, 0, 100, 400}, {-50, -10, 0, 50, -30}, {0, 7, 3, 60, 3}, {0, 7, 3, 100, 6},
		{math.MinInt32, math.MaxInt32, 0, 50, 0},
	}
	for _, tt := range tests {
		e := alsa.Element{Min: tt.low, Max: tt.high, Step: tt.step}
		if got := e.Value(tt.percent); got != tt.want {
			t.Errorf("%d %% of %d to %d by %d: %d, want %d", tt.percent, tt.low, tt.high, tt.step, got, tt.want)
		}
	}
}

func TestMixer(t *testing.T) {
	c := card()
	c.Elements = []*alsatest.Element{
		alsatest.Volume("Capture Volume", -3, 12, 1), alsatest.Switch("Capture Switch", 0),
		{Name: "Wide Volume", Type: alsa.ElemInteger64, Max: 1 << 40, Values: []int{7}},
		{Name: "Route", Type: 3, Values: []int{0}}, {Name: "Fixed Volume", Type: alsa.ElemInteger, Min: 4, Max: 4, Values: []int{4}},
		{Name: "Meter Volume", Type: alsa.ElemInteger, Max: 9, ReadOnly: true, Values: []int{2}},
	}
	sys := alsatest.NewSystem(c)
	m, err := alsa.OpenMixer(sys, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	elements, err := m.Elements()
	if err != nil || len(elements) != 4 {
		t.Fatalf("%+v, %v", elements, err)
	}
	for i, want := range []int{12, 1, 1 << 40} {
		e := elements[i]
		if err := m.Set(e, e.Max); err != nil {
			t.Error(err)
		}
		if got, err := m.Get(e); err != nil || len(got) != e.Channels || got[0] != want || got[len(got)-1] != want {
			t.Errorf("%s: %v, %v, want %d", e.Name, got, err, want)
		}
		if err := m.Set(e, e.Max+1); err == nil {
			t.Errorf("%s: more than the maximum is taken", e.Name)
		}
	}
	if meter := elements[3]; meter.Writable() || m.Set(meter, 1) == nil {
		t.Errorf("%+v can be written", meter)
	}
	sys.Fail(alsa.IoctlElemRead, unix.ENODEV, 1)
	if _, err := m.Get(elements[0]); !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), `read "Capture Volume"`) {
		t.Errorf("error %v", err)
	}
}

// The kernel is asked only for what is a sound device.
func TestKernelRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "not a sound device but a regular file", fifo: "a FIFO", dir: "a directory",
		"/dev/null": "not a sound device", filepath.Join(dir, "none"): "no such file",
	} {
		p, err := alsa.OpenPCM(alsa.Kernel{}, path)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	f, err := alsa.Kernel{}.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if err := f.Ioctl(alsa.IoctlStart, nil); !errors.Is(err, unix.EBADF) {
		t.Errorf("request after Close: %v", err)
	}
}
