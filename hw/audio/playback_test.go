package audio

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

func TestOpenPlaybackRefuses(t *testing.T) {
	dir := t.TempDir()
	for spec, want := range map[string]string{
		"":                        `open speaker "": empty name of a sound card`,
		"test":                    `open speaker "test": "test" is a microphone`,
		"file:":                   "file: without a path",
		"file:/nonexistent/o.wav": `open speaker "file:/nonexistent/o.wav": no such file or directory`,
		"file:" + dir:             "is a directory",
	} {
		p, err := OpenPlayback(PlaybackConfig{Playback: spec})
		if p != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenPlayback(%q) = %v, %v, want %q", spec, p, err, want)
		}
	}
}

func TestCheckPlayback(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	busy, card := usbCard(), usbCard()
	busy.Number, busy.ID, busy.Name = 1, "Busy", "Headset"
	sys := alsatest.NewSystem(card, busy)
	held, err := sys.Open("/dev/snd/pcmC1D0p")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	before := sys.OpenFiles()
	for spec, want := range map[string]string{
		"null":              "",
		"file:" + path:      "",
		"hw:0,0":            "",
		"auto":              "",
		"/dev/snd/pcmC0D0p": "",
		"test":              `open speaker "test": "test" is a microphone`,
		"file:":             "file: without a path",
		"hw:0,1":            `open speaker "hw:0,1": no such sound card: there is Device (hw:0,0), Busy (hw:1,0)`,
		"Divice":            `open speaker "Divice": no such sound card: there is Device (hw:0,0), Busy (hw:1,0)`,
		"Busy":              `open speaker "Busy": /dev/snd/pcmC1D0p: another program holds it, stop that`,
		"/dev/snd/pcmC0D0c": `open speaker "/dev/snd/pcmC0D0c": /dev/snd/pcmC0D0c: wrong direction`,
		"/dev/snd/pcmC7D0p": `/dev/snd/pcmC7D0p: no such`,
	} {
		err := checkPlayback(spec, sys)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("checkPlayback(%q) = %v, want %q", spec, err, want)
		}
	}
	if open := sys.OpenFiles(); open != before {
		t.Errorf("%d files stay open", open-before)
	}
	if heard := card.Heard(); len(heard) > 0 {
		t.Errorf("%d samples were heard", len(heard))
	}
	if err := CheckPlayback("no such card"); err == nil {
		t.Error("a card is found that cannot be there")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the check made the file: %v", err)
	}
}

func TestNullPlayback(t *testing.T) {
	p, err := OpenPlayback(PlaybackConfig{Playback: "null"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WritePCM(make([]int16, ChunkSize)); err != nil {
		t.Error(err)
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	if err := p.WritePCM(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
}

// A recording is a file that the package itself plays: at once, while it
// grows, and when it is closed.
func TestRecordingIsAlwaysValid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	if err := os.WriteFile(path, []byte(strings.Repeat("old content", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPlayback(PlaybackConfig{Playback: "file:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if claimed, written := sizes(t, path); claimed != 0 || written != 0 {
		t.Errorf("new recording claims %d and has %d samples, want none", claimed, written)
	}
	var played []int16
	for n := range 120 { // 2.4 s
		chunk := slices.Repeat([]int16{int16(n)}, ChunkSize)
		played = append(played, chunk...)
		if err := p.WritePCM(chunk); err != nil {
			t.Fatal(err)
		}
		claimed, written := sizes(t, path)
		if claimed > written || written-claimed >= SampleRate {
			t.Fatalf("after %d chunks it claims %d of %d samples", n+1, claimed, written)
		}
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := loadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, played) {
		t.Errorf("recording of %d samples is not what was played, %d samples", len(got), len(played))
	}
	if err := p.WritePCM(played); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
}

// sizes returns how many samples a recording claims to have, and has.
func sizes(t *testing.T, path string) (claimed, written int) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := parseWAV(file)
	if err != nil {
		t.Fatal(err)
	}
	return len(data) / 2, (len(file) - wavHeaderSize) / 2
}

func TestRecordingIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(f, wavHeaderSize+2*1000)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WritePCM(make([]int16, 999)); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := r.WritePCM(make([]int16, 999)); !errors.Is(err, ErrFull) {
			t.Errorf("write beyond the limit: %v", err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if claimed, written := sizes(t, path); claimed != 1000 || written != 1000 {
		t.Errorf("claims %d and has %d samples, want 1000", claimed, written)
	}
}

// fullDisk takes a number of bytes and no more.
type fullDisk struct{ room int }

var errNoSpace = errors.New("no space left on device")

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	if n < len(b) {
		return n, errNoSpace
	}
	return n, nil
}

func (d *fullDisk) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (d *fullDisk) Close() error                           { return nil }

func TestRecordingOnFullDisk(t *testing.T) {
	if _, err := newRecorder(&fullDisk{room: 10}, MaxRecording); !errors.Is(err, errNoSpace) {
		t.Errorf("header: %v", err)
	}
	r, err := newRecorder(&fullDisk{room: wavHeaderSize + 101}, MaxRecording)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WritePCM(make([]int16, 100)); !errors.Is(err, errNoSpace) {
		t.Errorf("samples: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if r.claimed != 100 {
		t.Errorf("claims %d bytes, want the 100 of whole samples", r.claimed)
	}
}
