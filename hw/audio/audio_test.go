package audio

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pion/mediadevices"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"github.com/intercomd/intercomd/hw/audio/audiotest"
)

// writeWAV puts a WAV file into a temporary folder and returns its path.
func writeWAV(t *testing.T, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.wav")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRegisterRefuses(t *testing.T) {
	for capture, want := range map[string]string{
		"":        `register microphone "": empty name of a sound card`,
		"file:":   "file: without a path",
		"null":    `"null" is a speaker`,
		"hw:":     "hw: without a card",
		"hw:0,x":  `hw: with "x" as device, want a number`,
		"hw:0,-1": `hw: with "-1" as device, want a number`,
		"/tmp/x":  "not a path below /dev",
		"a\nb":    "control character",
	} {
		before := len(driver.GetManager().Query(driver.FilterAudioRecorder()))
		_, _, err := Register(Config{Capture: capture})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", capture, err, want)
		}
		if after := len(driver.GetManager().Query(driver.FilterAudioRecorder())); after != before {
			t.Errorf("%q: a driver was registered", capture)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ capture, want string }{
		{"test", ""},
		{"file:" + writeWAV(t, wavFile(1, 8000, 1, 2, 3)), ""},
		{"file:/nonexistent/x.wav", `open microphone "file:/nonexistent/x.wav": no such file or directory`},
		{"file:", `open microphone "file:": file: without a path`},
		{"file:" + dir, "is a directory"},
		{"file:" + fifo, "not a regular file"},
		{"file:" + big, "bigger than 64 MiB"},
		{"file:" + writeWAV(t, nil), "file is empty"},
		{"file:" + writeWAV(t, []byte("junk")), "not a WAV file"},
	}
	for _, tt := range tests {
		err := Check(tt.capture)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("Check(%q) = %v", tt.capture, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("Check(%q) = %v, want %q", tt.capture, err, tt.want)
		}
	}
}

// userMedia opens a microphone as the device does: by its id.
func userMedia(id string) (mediadevices.Track, error) {
	stream, err := mediadevices.GetUserMedia(mediadevices.MediaStreamConstraints{
		Audio: func(c *mediadevices.MediaTrackConstraints) { c.DeviceID = prop.StringExact(id) },
		Codec: mediadevices.NewCodecSelector(),
	})
	if err != nil {
		return nil, err
	}
	return stream.GetAudioTracks()[0], nil
}

func TestGetUserMediaHearsTheMicrophone(t *testing.T) {
	silent := writeWAV(t, wavFile(1, 48000, make([]int16, 4800)...))
	tests := []struct {
		capture string
		want    float64 // dBFS at 440 Hz
	}{
		{"test", ToneLevel},
		{"file:" + silent, audiotest.Silence},
	}
	for _, tt := range tests {
		id, unregister, err := Register(Config{Capture: tt.capture})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(unregister)
		track, err := userMedia(id)
		if err != nil {
			t.Fatal(err)
		}
		reader := track.(*mediadevices.AudioTrack).NewReader(false)
		var heard []int16
		for range 10 {
			chunk, release, err := reader.Read()
			if err != nil {
				t.Fatal(err)
			}
			heard = append(heard, chunk.(*wave.Int16Interleaved).Data...)
			release()
		}
		if err := track.Close(); err != nil {
			t.Error(err)
		}
		if level := audiotest.ToneLevel(heard, SampleRate, ToneFrequency); math.Abs(level-tt.want) > 0.1 {
			t.Errorf("%s: tone of %.1f dBFS, want %.1f", tt.capture, level, tt.want)
		}
	}
}

func TestGetUserMediaNamesTheReason(t *testing.T) {
	path := writeWAV(t, []byte("junk"))
	id, unregister, err := Register(Config{Capture: "file:" + path})
	if err != nil {
		t.Fatal(err)
	}
	defer unregister()
	_, err = userMedia(id)
	if want := `open microphone "file:` + path + `": not a WAV file`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
