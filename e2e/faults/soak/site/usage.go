package site

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process holds and has used.
type Usage struct {
	Memory int64         // resident, bytes
	Peak   int64         // the most there ever was since ResetPeak, bytes
	CPU    time.Duration // user and system, since its start
}

// clockTick is the unit of times in /proc/PID/stat: USER_HZ, 100 on every
// architecture that Go knows.
const clockTick = 10 * time.Millisecond

// ReadUsage reads the figures of a process from /proc (proc(5)).
func ReadUsage(pid int) (Usage, error) {
	var u Usage
	status, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return u, fmt.Errorf("read usage of process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			u.Memory, err = kibibytes(value)
		case "VmHWM":
			u.Peak, err = kibibytes(value)
		}
		if err != nil {
			return u, fmt.Errorf("read usage of process: %s: %w", name, err)
		}
	}
	u.CPU, err = cpuTime(pid)
	return u, err
}

// ResetPeak makes Usage.Peak begin anew.
func ResetPeak(pid int) error {
	if err := os.WriteFile(procFile(pid, "clear_refs"), []byte("5"), 0); err != nil {
		return fmt.Errorf("reset peak of process: %w", err)
	}
	return nil
}

func kibibytes(value string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
	return n << 10, err
}

// cpuTime adds utime and stime, fields 14 and 15. The second field is the
// program's name in parentheses, which may hold anything.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("read usage of process: %w", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const utime, stime = 14 - 3, 15 - 3 // the first of these is field 3
	if len(fields) <= stime {
		return 0, fmt.Errorf("read usage of process: %d fields in stat", len(fields))
	}
	user, userErr := strconv.ParseInt(fields[utime], 10, 64)
	system, systemErr := strconv.ParseInt(fields[stime], 10, 64)
	if userErr != nil || systemErr != nil {
		return 0, fmt.Errorf("read usage of process: times %q and %q", fields[utime], fields[stime])
	}
	return time.Duration(user+system) * clockTick, nil
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
