package rpicam

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestArgs(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"raw", Config{Width: 1280, Height: 720, FPS: 30},
			"--timeout 0 --nopreview --camera 0 --width 1280 --height 720 --framerate 30 --codec yuv420 --flush --output -"},
		{"raw, upside down", Config{Width: 640, Height: 480, FPS: 15, HFlip: true, VFlip: true, Camera: 1},
			"--timeout 0 --nopreview --camera 1 --width 640 --height 480 --framerate 15 --hflip --vflip --codec yuv420 --flush --output -"},
		{"H.264 of a Pi 5", Config{Width: 1280, Height: 720, FPS: 30, H264: true, Bitrate: 1500000, KeyFrames: 60},
			"--timeout 0 --nopreview --camera 0 --width 1280 --height 720 --framerate 30 --codec h264 --inline --profile baseline --libav-format h264 --bitrate 1500000 --intra 60 --flush --output -"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(Args(tt.cfg), " "); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestLayout(t *testing.T) {
	for width, stride := range map[int]int{640: 640, 1280: 1280, 1332: 1344, 320: 320, 100: 128} {
		if l := Layout(width, 480); l.Stride != stride || l.Bytes() != stride*480*3/2 {
			t.Errorf("%d pixels: lines of %d bytes, %d in all", width, l.Stride, l.Bytes())
		}
	}
}

// standIn writes a shell script that stands in for rpicam-vid.
func standIn(t *testing.T, script string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rpicam-vid")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return Config{Program: path, Width: 64, Height: 64, FPS: 10}
}

func start(t *testing.T, cfg Config) *Child {
	t.Helper()
	c, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestChildGetsItsArguments(t *testing.T) {
	cfg := standIn(t, `echo "$@"`)
	out, err := io.ReadAll(eof{start(t, cfg)})
	if err != nil || strings.TrimSpace(string(out)) != strings.Join(Args(cfg), " ") {
		t.Errorf("%q, %v", out, err)
	}
}

// eof makes the end of the child that of a file.
type eof struct{ c *Child }

func (e eof) Read(p []byte) (int, error) {
	n, err := e.c.Read(p)
	if err != nil && strings.Contains(err.Error(), "ended by itself") {
		err = io.EOF
	}
	return n, err
}

// alive reports whether a process exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// pid reads the number that a stand-in writes first.
func pid(t *testing.T, c *Child) int {
	t.Helper()
	n := 0
	for b := make([]byte, 1); ; {
		if _, err := c.Read(b); err != nil {
			t.Fatal(err)
		}
		if b[0] == '\n' {
			return n
		}
		n = 10*n + int(b[0]-'0')
	}
}

func TestCloseInterrupts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "signal")
	c := start(t, standIn(t, `trap 'echo INT >`+file+`; exit 0' INT
echo $$
while :; do :; done`))
	child := pid(t, c)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "INT\n" {
		t.Errorf("the child was not interrupted: %q, %v", got, err)
	}
	if alive(child) {
		t.Error("the child is still there")
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseKills(t *testing.T) {
	c := start(t, standIn(t, "trap '' INT\necho $$\nwhile :; do :; done"))
	child := pid(t, c)
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if alive(child) || time.Since(began) < StopTimeout/2 {
		t.Errorf("alive %v after %v", alive(child), time.Since(began))
	}
}

func TestStopEndsRead(t *testing.T) {
	c := start(t, standIn(t, "echo $$\nexec cat /dev/zero >/dev/null"))
	pid(t, c)
	read := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	c.Stop()
	if err := <-read; err == nil {
		t.Error("Read gave something")
	}
}

func TestReadTellsWhy(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string
	}{
		{"no camera", "echo starting >&2; echo one >&2; echo 'ERROR: *** no cameras available ***' >&2; exit 255", []string{"exit status 255", "no cameras available", "starting | one"}},
		{"ends", "exit 0", []string{"ended by itself"}},
		{"silent", "echo waiting >&2; exec sleep 60", []string{"no picture within 200ms: waiting"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := standIn(t, tt.script)
			cfg.FrameTimeout = 5 * time.Second
			if tt.name == "silent" {
				cfg.FrameTimeout = 200 * time.Millisecond
			}
			_, err := start(t, cfg).Read(make([]byte, 10))
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range append(tt.want, cfg.Program) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}

func TestStartFails(t *testing.T) {
	_, err := Start(Config{Program: filepath.Join(t.TempDir(), "none")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestTail(t *testing.T) {
	var tl tail
	if tl.said() != "" {
		t.Errorf("said %q before anything", tl.said())
	}
	for range 1000 {
		if n, err := tl.Write([]byte("line\n")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(tl.text) > maxTail || tl.said() != ": line | line | line" {
		t.Errorf("keeps %d bytes: %q", len(tl.text), tl.said())
	}
	if !slices.Contains([]string{": ?"}, func() string { var o tail; _, _ = o.Write([]byte{0xff}); return o.said() }()) {
		t.Error("bytes that are no text")
	}
}
