//go:build e2e

package badinput

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configuration runs both check-config and run with wrong files. Each ends
// with exit code 1 and a message that names the file, the line and the key.
func (l *lab) configuration(t *testing.T) {
	for _, c := range []struct {
		name      string
		old, new  string   // what is changed in the good file
		want      []string // FILE and DIR stand for the paths
		onlyCheck bool     // the daemon starts all the same
	}{
		{"unknown key", "camera: {source: test,", "camera: {source: test, framerate: 30,",
			[]string{"FILE:7: camera.framerate: is unknown, allowed are source, width, height, fps, bitrate"}, false},
		{"unknown table", "log: {level: info}", "sip: {}", []string{"FILE:10: sip: is unknown"}, false},
		{"wrong type", "fps: 10", "fps: ten", []string{`FILE:7: camera.fps: "ten" is not a whole number`}, false},
		{"impossible value", "fps: 10", "fps: 1000", []string{"FILE:7: camera.fps: 1000 is out of range, allowed are 1 to 60"}, false},
		{"two mistakes", "width: 160, height: 120", "width: wide, height: 121",
			[]string{`FILE:7: camera.width: "wide"`, "FILE:7: camera.height: 121"}, false},
		{"not YAML", "contacts: [{", "contacts: [[{", []string{"FILE:4: contacts: the bracket [ is opened and not closed"}, false},
		{"missing password file", `password"`, `no-password"`,
			[]string{`FILE:3: quickblox.password_file: file "DIR/no-password" does not exist`}, false},
		{"empty password file", `password"`, `empty"`, []string{`FILE:3: quickblox.password_file: "DIR/empty" holds no password`}, false},
		{"missing CA file", "ca.pem", "no-ca.pem", []string{"FILE:2: xmpp.ca_file: file", "does not exist"}, false},
		{"missing camera file", "source: test", `source: "file:gone.h264"`,
			[]string{`FILE:7: camera.source: file "DIR/gone.h264" does not exist`}, false},
		{"button without a line", "source: control", "source: gpio", []string{"FILE:5: buttons[0].line: is missing"}, false},
		{"key that does not exist", "source: control", "source: evdev, key: KEY_BELL", []string{`buttons[0].key: parse key "KEY_BELL"`}, false},
		{"line used twice", "log: {level: info}", "lamps: [{name: a, line: 24}, {name: b, line: 24}]",
			[]string{"FILE:10: lamps[1].line: 24 of chip auto is already used by lamps[0]"}, false},
		{"door that stays open", "log: {level: info}", "relays: [{name: door, line: 24, pulse: 1m}]",
			[]string{"FILE:10: relays[0].pulse: 1m0s is out of range"}, false},
		{"unannounced auto-accept", `audio: {capture: test, playback: "null"}`, "auto_accept: {enabled: true, callers: [Anna]}\naudio: {announce: false}",
			[]string{"FILE:9: audio.announce: false would let"}, false},
		{"camera file that is none", "source: test", `source: "file:junk.h264"`, []string{"camera.source: "}, true},
		{"microphone file that is none", "capture: test", `capture: "file:junk.wav"`, []string{"audio.capture: "}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "intercomd.yaml")
			good := l.goodConfig(dir)
			if strings.Count(good, c.old) != 1 {
				t.Fatalf("%q is not once in the file", c.old)
			}
			write(t, file, strings.Replace(good, c.old, c.new, 1))
			write(t, filepath.Join(dir, "password"), password(door))
			write(t, filepath.Join(dir, "empty"), "\n")
			write(t, filepath.Join(dir, "junk.h264"), "no picture in here")
			write(t, filepath.Join(dir, "junk.wav"), "no sound in here")
			short := strings.NewReplacer("FILE", file, "DIR", dir)
			said := l.refuses(t, short, c.want, "check-config", file)
			if !c.onlyCheck {
				l.refuses(t, short, c.want, "run", "--config", file)
			}
			said, _, _ = strings.Cut(said, "\n")
			said = strings.NewReplacer(file, "FILE", dir, "DIR", l.dir, "DIR").Replace(said)
			documented(t, said)
			says(t, "%s", said)
		})
	}
	t.Run("no file", func(t *testing.T) {
		said := l.refuses(t, strings.NewReplacer(), []string{"/no/such/file.yaml"}, "run", "--config", "/no/such/file.yaml")
		documented(t, said)
		says(t, "%s", said)
	})
}

// refuses runs the program, which has to end with exit code 1 and all of want
// in its message.
func (l *lab) refuses(t *testing.T, short *strings.Replacer, want []string, args ...string) string {
	t.Helper()
	code, stdout, stderr := l.run(args...)
	if code != 1 || stdout != "" {
		t.Errorf("%s: exit code %d, output %q, want 1 and none", args[0], code, stdout)
	}
	for _, w := range want {
		if !strings.Contains(stderr, short.Replace(w)) {
			t.Errorf("%s says %q, want %q", args[0], stderr, short.Replace(w))
		}
	}
	if strings.Contains(stderr, password(door)) || strings.Contains(stderr, "goroutine ") {
		t.Errorf("%s shows too much: %s", args[0], stderr)
	}
	return stderr
}

// recording puts a camera file into place.
func recording(t *testing.T, path string) {
	t.Helper()
	clip, err := os.ReadFile("../../hw/camera/testdata/baseline.h264")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(clip))
}
