package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How long the kernel may take to show the port, and how often that is looked
// at: sysfs tells nobody.
const (
	portWait = 10 * time.Second
	portLook = 5 * time.Millisecond
)

// port is a virtio-serial port, used with plain blocking calls: poll says
// nothing useful about it while no host is attached.
type port int

func openPort(name string) (port, error) {
	for end := time.Now().Add(portWait); time.Now().Before(end); time.Sleep(portLook) {
		device := findPort(name)
		if device == "" {
			continue
		}
		fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, fmt.Errorf("open %s: %w", device, err)
		}
		return port(fd), nil
	}
	return 0, fmt.Errorf("find control port %s: none after %v", name, portWait)
}

func findPort(name string) string {
	names, _ := filepath.Glob("/sys/class/virtio-ports/*/name") // the pattern is right
	for _, n := range names {
		if text, err := os.ReadFile(n); err == nil && strings.TrimSpace(string(text)) == name {
			return filepath.Join("/dev", filepath.Base(filepath.Dir(n)))
		}
	}
	return ""
}

// Read waits for data. Without a host a read gives 0 bytes; that is no end.
func (p port) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(p), b)
		if n > 0 {
			return n, nil
		}
		if err != nil && !again(err) {
			return 0, fmt.Errorf("read from the host: %w", err)
		}
		time.Sleep(portLook)
	}
}

// portChunk is what one write may hold; the driver makes one buffer of it.
const portChunk = 32 << 10

// Write writes all of b.
func (p port) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Write(int(p), b[done:min(len(b), done+portChunk)])
		if err != nil && !again(err) {
			return done, fmt.Errorf("write to the host: %w", err)
		}
		done += max(n, 0)
	}
	return done, nil
}

func again(err error) bool { return errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) }
