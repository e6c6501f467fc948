package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodConfig = `
xmpp: {domain: chat.example.org}
quickblox: {app_id: 7, user_id: 104, password_file: password}
contacts: [{name: Anna, user_id: 101}]
buttons: [{name: front, contacts: [Anna]}]
`

func TestCheckConfig(t *testing.T) {
	tests := []struct {
		name, text string
		args       []string
		mode       os.FileMode // of the password file
		code       int
		stdout     string
		stderr     []string // its beginnings, a line each; FILE is the path
	}{
		{"good", goodConfig, nil, 0o600, 0, "FILE is good\n", nil},
		{"set", goodConfig, []string{"--set", "camera.fps=15"}, 0o600, 0, "FILE is good\n", nil},
		{"warning", goodConfig, nil, 0o644, 0, "FILE is good\n", []string{"warning: quickblox.password_file: "}},
		{"two problems", goodConfig + "camera: {fps: 0}\nspeed: 1\n", nil, 0o600, 1, "",
			[]string{"FILE:6: camera.fps: ", "FILE:7: speed: ", "intercomd check-config: FILE has 2 problems"}},
		{"wrong set", goodConfig, []string{"--set", "camera.fps=x"}, 0o600, 1, "",
			[]string{"--camera.fps: camera.fps: ", "intercomd check-config: FILE has 1 problem"}},
		{"junk for media", goodConfig + "camera: {source: \"file:password\"}\naudio: {capture: \"file:password\"}\n", nil, 0o600, 1, "",
			[]string{"camera.source: ", "audio.capture: ", "intercomd check-config: FILE has 2 problems"}},
		{"terminal escape", goodConfig + "\"\\e[2J\": 1\n", nil, 0o600, 1, "",
			[]string{"FILE:6: ", "intercomd check-config: FILE has 1 problem"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "c.yaml")
			for name, text := range map[string]string{file: tt.text, filepath.Join(dir, "password"): "secret-word\n"} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(filepath.Join(dir, "password"), tt.mode); err != nil {
				t.Fatal(err)
			}
			for _, form := range [][]string{{"check-config", file}, {"check-config", "--config", file}} {
				got := try(t, t.Context(), nil, append(form, tt.args...)...)
				if want := strings.ReplaceAll(tt.stdout, "FILE", file); got.code != tt.code || got.stdout != want {
					t.Errorf("got code %d and %q, want %d and %q", got.code, got.stdout, tt.code, want)
				}
				checkLines(t, got.stderr, file, tt.stderr)
			}
		})
	}
}

// checkLines compares the lines of stderr with the beginnings they should have.
func checkLines(t *testing.T, stderr, file string, want []string) {
	t.Helper()
	var lines []string
	if stderr != "" {
		lines = strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	}
	if len(lines) != len(want) {
		t.Fatalf("stderr has %d lines, want %d:\n%s", len(lines), len(want), stderr)
	}
	for i, beginning := range want {
		if !strings.HasPrefix(lines[i], strings.ReplaceAll(beginning, "FILE", file)) {
			t.Errorf("line %d is %q, want %q…", i, lines[i], beginning)
		}
	}
	if strings.ContainsAny(stderr, "\x1b") || strings.Contains(stderr, "secret-word") {
		t.Errorf("stderr shows what it must not: %q", stderr)
	}
}
