//go:build board

package audio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/audio/audiotest"
	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/pace"
)

// The board's loopback card: what is played on device 1 is heard by the
// microphone, what the speaker plays is heard on device 1.
const (
	mouth = "/dev/snd/pcmC0D1p"
	ear   = "/dev/snd/pcmC0D1c"
)

// farEnd is the other end of the loopback. It fixes the format for both.
type farEnd struct {
	pcm   *alsa.PCM
	done  chan struct{}
	tasks sync.WaitGroup

	mu    sync.Mutex
	heard []int16
}

func openFarEnd(t *testing.T, path string, rate, channels int, format alsa.Format) *farEnd {
	t.Helper()
	pcm, err := alsa.OpenPCM(alsa.Kernel{}, path)
	if err != nil {
		t.Fatal(err)
	}
	f := &farEnd{pcm: pcm, done: make(chan struct{})}
	t.Cleanup(f.close)
	if _, err := pcm.Configure(alsa.Want{
		Rates: []int{rate}, Formats: []alsa.Format{format}, Channels: []int{channels},
		Period: 10 * time.Millisecond, Buffer: time.Second,
	}); err != nil {
		t.Fatal(err)
	}
	if err := pcm.Prepare(); err != nil { // from now on the loopback offers nothing else
		t.Fatal(err)
	}
	return f
}

func (f *farEnd) close() {
	select {
	case <-f.done:
		return
	default:
	}
	close(f.done)
	f.tasks.Wait()
	f.pcm.Close()
}

// oneSecond of a tone with a whole number of periods: sines are slow here.
func oneSecond(rate int, freq float64) []int16 {
	samples := make([]int16, rate)
	for i := range samples {
		samples[i] = sineAt(i, rate, freq)
	}
	return samples
}

// speak plays a tone of -6 dBFS until the end.
func (f *farEnd) speak(freq float64) {
	setup := f.pcm.Setup()
	frames := fromMono(nil, oneSecond(setup.Rate, freq), setup.Format, setup.Channels)
	size, next := len(frames)/100, 0
	f.play(func() []byte {
		piece := frames[next:][:size]
		next = (next + size) % len(frames)
		return piece
	}, 30)
}

// play keeps so many pieces of 10 ms in the card.
func (f *farEnd) play(piece func() []byte, reserve int) {
	f.tasks.Go(func() {
		queued, target := 0, reserve*f.pcm.Setup().Rate/100
		for pace.Until(f.done, time.Now().Add(5*time.Millisecond)) {
			status, err := f.pcm.Status()
			if err != nil {
				return
			}
			if status.State != alsa.StateRunning {
				f.pcm.Prepare()
			}
			queued = f.pcm.Setup().Buffer - int(status.Avail)
			if status.State != alsa.StateRunning {
				queued = 0
			}
			for ; queued < target; queued += f.pcm.Setup().Rate / 100 {
				if _, err := f.pcm.Write(piece()); err != nil {
					break
				}
			}
			if status.State != alsa.StateRunning {
				f.pcm.Start()
			}
		}
	})
}

// listen hears until the end.
func (f *farEnd) listen() {
	f.tasks.Go(func() {
		setup := f.pcm.Setup()
		buf := make([]byte, setup.Buffer*setup.FrameBytes())
		for pace.Until(f.done, time.Now().Add(5*time.Millisecond)) {
			n, err := f.pcm.Read(buf)
			switch {
			case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EAGAIN):
				if status, err := f.pcm.Status(); err == nil && status.State != alsa.StateRunning {
					f.pcm.Prepare()
					f.pcm.Start()
				}
			case err != nil:
				return
			}
			f.mu.Lock()
			f.heard = toMono(f.heard, buf[:n*setup.FrameBytes()], setup.Format, setup.Channels)
			f.mu.Unlock()
		}
	})
	f.pcm.Prepare()
	f.pcm.Start()
}

// last returns what was heard in the last moment.
func (f *farEnd) last(d time.Duration) []int16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := int(d * time.Duration(f.pcm.Setup().Rate) / time.Second)
	return f.heard[max(0, len(f.heard)-n):]
}

// patience is for how long what is heard may be disturbed: the machine below
// the board has other things to do.
const patience = 20 * time.Second

// playFor writes a tone in real time.
func playFor(t *testing.T, p Playback, freq float64, d time.Duration) {
	t.Helper()
	tone := oneSecond(SampleRate, freq)
	start := time.Now()
	for n := range int(d / ChunkTime) {
		if err := p.WritePCM(tone[n*ChunkSize%SampleRate:][:ChunkSize]); err != nil {
			t.Fatal(err)
		}
		pace.Until(nil, start.Add(time.Duration(n+1)*ChunkTime))
	}
}

// isTone tells whether samples are a tone of -6 dBFS and nothing else.
func isTone(samples []int16, rate int, freq float64) error {
	level := audiotest.ToneLevel(samples, rate, freq)
	_, snr := sineSNR(samples[max(0, len(samples)-rate/20):], rate, freq)
	if math.Abs(level+6.02) > 0.5 || snr < 25 {
		return fmt.Errorf("tone of %.1f dBFS in %d samples, %.1f dB above the rest", level, len(samples), snr)
	}
	return nil
}

// wantCaptured reads until half a second of the tone has come in one piece.
func wantCaptured(t *testing.T, r mdaudio.Reader, freq float64) {
	t.Helper()
	var err error
	for start := time.Now(); time.Since(start) < patience; {
		if err = isTone(listen(t, r, 25), SampleRate, freq); err == nil {
			return
		}
	}
	t.Errorf("microphone: %v", err)
}

// wantPlayed plays until half a second of the tone has been heard in one piece.
func wantPlayed(t *testing.T, p Playback, far *farEnd, freq float64) {
	t.Helper()
	var err error
	for start := time.Now(); time.Since(start) < patience; {
		playFor(t, p, freq, time.Second)
		if err = isTone(far.last(500*time.Millisecond), far.pcm.Setup().Rate, freq); err == nil {
			return
		}
	}
	t.Errorf("speaker: %v", err)
}

func TestBoardCapturesEveryRate(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for channels := 1; channels <= 2; channels++ {
			for _, format := range []alsa.Format{alsa.FormatS16LE, alsa.FormatS32LE, alsa.FormatS243LE} {
				if format != alsa.FormatS16LE && rate != 48000 {
					continue
				}
				t.Run(fmt.Sprintf("%d Hz %d ch %v", rate, channels, format), func(t *testing.T) {
					far := openFarEnd(t, mouth, rate, channels, format)
					defer far.close()
					far.speak(440)
					a, r := openMic(t, alsa.Kernel{}, Config{Capture: "hw:Loopback,0"})
					wantCaptured(t, r, 440)
					if err := a.Close(); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

func TestBoardPlaysEveryRate(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for channels := 1; channels <= 2; channels++ {
			t.Run(fmt.Sprintf("%d Hz %d ch", rate, channels), func(t *testing.T) {
				far := openFarEnd(t, ear, rate, channels, alsa.FormatS16LE)
				defer far.close()
				far.listen()
				var c Counters
				p := openCardSpeaker(t, alsa.Kernel{}, PlaybackConfig{Playback: "Loopback", Counters: &c})
				wantPlayed(t, p, far, 440)
				if got := c.Stats(); got.DelayMS < 1 || got.DelayMS > 200 {
					t.Errorf("counted %+v", got)
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// An xrun, by a reader that is away and on purpose, costs a moment only.
func TestBoardRecoversFromXruns(t *testing.T) {
	speaking, listening := openFarEnd(t, mouth, 48000, 1, alsa.FormatS16LE), openFarEnd(t, ear, 48000, 1, alsa.FormatS16LE)
	speaking.speak(440)
	listening.listen()
	var mc, sc Counters
	d := NewDuplex()
	a, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto", Counters: &mc, Duplex: d})
	listen(t, r, 10)
	pace.Until(nil, time.Now().Add(time.Second)) // longer than the card's buffer
	wantCaptured(t, r, 440)
	if mc.Stats().Xruns == 0 {
		t.Errorf("counted %+v", mc.Stats())
	}
	p := openCardSpeaker(t, alsa.Kernel{}, PlaybackConfig{Playback: "auto", Counters: &sc, Duplex: d})
	for range 3 {
		playFor(t, p, 1000, 100*time.Millisecond)
		listen(t, r, 10)
		if err := a.mic.line.pcm.Xrun(); err != nil && !errors.Is(err, unix.EBADFD) { // it has one already
			t.Errorf("xrun on purpose: %v", err)
		}
		wantPlayed(t, p, listening, 1000)
		wantCaptured(t, r, 440)
	}
	t.Logf("linked: %v, microphone %+v, speaker %+v", d.linked, mc.Stats(), sc.Stats())
}

// The loopback's clock is set wrong; the microphone follows it.
func TestBoardFollowsDrift(t *testing.T) {
	shift := func(value int) {
		mixer, err := alsa.OpenMixer(alsa.Kernel{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer mixer.Close()
		elements, err := mixer.Elements()
		if err != nil {
			t.Fatal(err)
		}
		set := 0
		for _, e := range elements {
			if strings.HasPrefix(e.Name, "PCM Rate Shift") && e.Device == 0 {
				if err := mixer.Set(e, value); err != nil {
					t.Fatal(err)
				}
				set++
			}
		}
		if set == 0 {
			t.Fatalf("no control for the loopback's clock among %+v", elements)
		}
	}
	far := openFarEnd(t, mouth, 48000, 1, alsa.FormatS16LE)
	far.speak(440)
	for _, value := range []int{100040, 99960} { // ∓400 ppm
		shift(value)
		var c Counters
		a, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto", Counters: &c})
		want := float64(100000-value) * 10 // a higher shift is a slower clock
		listen(t, r, 500)
		start := time.Now()
		for time.Since(start) < 3*patience && math.Abs(c.Stats().DriftPPM-want) > 200 {
			listen(t, r, 50)
		}
		t.Logf("shift %d: %+v after %v", value, c.Stats(), time.Since(start))
		if got := c.Stats().DriftPPM; math.Abs(got-want) > 200 {
			t.Errorf("shift %d: drift of %.0f ppm, want about %.0f", value, got, want)
		}
		wantCaptured(t, r, 440)
		a.Close()
	}
	shift(100000)
}

func TestBoardOpensLeaveNoFiles(t *testing.T) {
	count := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	open := func() {
		a, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto"})
		p := openCardSpeaker(t, alsa.Kernel{}, PlaybackConfig{Playback: "auto"})
		if err := p.WritePCM(make([]int16, ChunkSize)); err != nil {
			t.Error(err)
		}
		listen(t, r, 1)
		if err := errors.Join(a.Close(), p.Close()); err != nil {
			t.Error(err)
		}
	}
	open()
	before := count()
	for range 50 {
		open()
	}
	if after := count(); after != before {
		t.Errorf("%d files are open, before it were %d", after, before)
	}
}

func TestBoardBadDevices(t *testing.T) {
	a, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto"})
	listen(t, r, 1)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, "/dev/snd/by-mistake"); err != nil {
		t.Fatal(err)
	}
	defer os.Remove("/dev/snd/by-mistake")
	for spec, want := range map[string]string{
		"auto":                fmt.Sprintf(`open microphone "auto": /dev/snd/pcmC0D0c: PROGRAM (pid %d) holds it, stop that: device or resource busy`, os.Getpid()),
		"Snowball":            `open microphone "Snowball": no such sound card: there is Loopback (hw:0,0), Loopback (hw:0,1)`,
		"/dev/snd/pcmC5D0c":   "/dev/snd/pcmC5D0c: no such file or directory: plug the card in",
		"/dev/null":           "/dev/null: not a sound device: choose another",
		"/dev/snd/controlC0":  "/dev/snd/controlC0: not a sound device",
		"/dev/snd/pcmC0D0p":   "/dev/snd/pcmC0D0p: wrong direction",
		"/dev/snd/by-mistake": "/dev/snd/by-mistake: not a sound device but a regular file",
	} {
		err := Check(spec)
		if spec == "auto" { // the test program's name is that of its file
			comm, _ := os.ReadFile("/proc/self/comm")
			want = strings.Replace(want, "PROGRAM", strings.TrimSpace(string(comm)), 1)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", spec, err, want)
		}
	}
	a.Close()
	if err := Check("auto"); err != nil {
		t.Errorf("after it was closed: %v", err)
	}
}

func TestBoardList(t *testing.T) {
	infos, err := List()
	if err != nil || len(infos) != 4 {
		t.Fatalf("%d devices, %v", len(infos), err)
	}
	for _, i := range infos {
		t.Logf("%+v", i)
		if i.Card != "Loopback" || i.Kind != "loopback" || i.Busy || !strings.Contains(i.Formats, "48000 Hz") || i.Auto != (i.Device == 0) {
			t.Errorf("%+v", i)
		}
	}
}

// Without a volume the card is used all the same, and the log says so.
func TestBoardWithoutVolume(t *testing.T) {
	var log bytes.Buffer
	volume := 80
	a, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto", CaptureVolume: &volume, Log: logTo(&log)})
	listen(t, r, 2)
	a.Close()
	if !strings.Contains(log.String(), "the card has none for this direction") {
		t.Errorf("logged %s", log.String())
	}
}

// The speaker's sound is led back to the microphone, and measured.
func TestBoardMeasure(t *testing.T) {
	listening, speaking := openFarEnd(t, ear, 48000, 1, alsa.FormatS16LE), openFarEnd(t, mouth, 48000, 1, alsa.FormatS16LE)
	listening.listen()
	next := 0
	speaking.play(func() []byte {
		listening.mu.Lock()
		defer listening.mu.Unlock()
		piece := make([]int16, 480)
		if next == 0 || next+480 > len(listening.heard) {
			next = max(0, len(listening.heard)-480)
		}
		next += copy(piece, listening.heard[next:])
		return fromMono(nil, piece, alsa.FormatS16LE, 1)
	}, 5)
	p := openCardSpeaker(t, alsa.Kernel{}, PlaybackConfig{Playback: "auto"})
	playFor(t, p, 440, 100*time.Millisecond)
	_, r := openMic(t, alsa.Kernel{}, Config{Capture: "auto"})
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	var m Measurement
	var err error
	for range 3 {
		m, err = Measure(ctx, p, r)
		t.Logf("%+v, %v", m, err)
		if err == nil && m.Likeness > 0.3 {
			break
		}
	}
	if err != nil || m.Likeness < 0.3 || m.Delay > time.Second {
		t.Errorf("%+v, %v", m, err)
	}
}

// The card is unbound from its driver while both directions are in use, and
// bound again.
func TestBoardUnplug(t *testing.T) {
	const driver = "/sys/bus/platform/drivers/snd_aloop"
	var mc, sc Counters
	var news changes
	a, r := openMic(t, alsa.Kernel{}, Config{Capture: "Loopback", Counters: &mc, OnChange: news.on})
	p := openCardSpeaker(t, alsa.Kernel{}, PlaybackConfig{Playback: "Loopback", Counters: &sc})
	playFor(t, p, 440, 200*time.Millisecond)
	listen(t, r, 5)
	unbound := make(chan error, 1)
	go func() { unbound <- os.WriteFile(driver+"/unbind", []byte("snd_aloop.0"), 0) }() // waits for the last user
	var err error
	for start := time.Now(); err == nil && time.Since(start) < 5*time.Second; {
		_, _, err = r.Read()
	}
	if err == nil || !strings.Contains(err.Error(), "/dev/snd/pcmC0D0c: the card is gone, plug it in again") {
		t.Errorf("read error %v", err)
	}
	a.Close()
	playFor(t, p, 440, 500*time.Millisecond)
	if state, err := p.State(); state != StateMissing || err == nil {
		t.Errorf("the speaker is %s, %v", state, err)
	}
	if err := <-unbound; err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(driver+"/bind", []byte("snd_aloop.0"), 0); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	if err := a.Open(); err != nil {
		t.Fatal(err)
	}
	for {
		if r, err = a.AudioRecord(prop.Media{}); err == nil || time.Since(back) > 3*time.Second {
			break
		}
		pace.Until(nil, time.Now().Add(50*time.Millisecond))
	}
	if err != nil {
		t.Fatal(err)
	}
	listen(t, r, 5)
	playFor(t, p, 440, 1500*time.Millisecond)
	if state, err := p.State(); state != StateOpen || err != nil {
		t.Errorf("the speaker is %s, %v", state, err)
	}
	if got := news.list(); len(got) != 2 || got[1] != StateBack || mc.Stats().Reopened != 1 || sc.Stats().Reopened != 1 {
		t.Errorf("told %v, counted %+v and %+v", got, mc.Stats(), sc.Stats())
	}
}
