//go:build e2e

package deb

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// machine is a container with systemd in it.
type machine struct {
	root   string
	leader string // process id of its systemd, seen from outside
}

// bootTime is how long a machine may take; half a second is usual.
const bootTime = 30 * time.Second

// boot starts a machine and waits until its systemd says that all is started.
// The end of the test stops it.
func boot(t *testing.T, root string) *machine {
	t.Helper()
	notes, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notes.Close()
	var output strings.Builder
	cmd := exec.Command("systemd-nspawn", "--quiet", "--boot", "--directory="+root, "--private-network",
		"--register=no", "--keep-unit", "--console=pipe", "--notify-ready=yes", "--resolv-conf=off", "--timezone=off")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notes.LocalAddr().String())
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &machine{root: root}
	t.Cleanup(func() {
		// What systemd takes for "power off".
		if m.leader != "" {
			_ = exec.Command("kill", "-s", "RTMIN+4", m.leader).Run()
		} else {
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
	})
	if m.leader, err = awaitReady(notes); err != nil {
		t.Fatalf("systemd does not start in the container (%v); these tests need cgroups that systemd-nspawn can use:\n%s", err, output.String())
	}
	return m
}

// awaitReady reads sd_notify messages of systemd-nspawn.
func awaitReady(notes *net.UnixConn) (leader string, err error) {
	if err := notes.SetReadDeadline(time.Now().Add(bootTime)); err != nil {
		return "", err
	}
	buffer := make([]byte, 4096)
	for ready := false; !ready || leader == ""; {
		n, err := notes.Read(buffer)
		if err != nil {
			return "", err
		}
		for line := range strings.SplitSeq(string(buffer[:n]), "\n") {
			if pid, found := strings.CutPrefix(line, "X_NSPAWN_LEADER_PID="); found {
				leader = pid
			}
			ready = ready || line == "READY=1"
		}
	}
	return leader, nil
}

// command makes a command in the machine.
func (m *machine) command(ctx context.Context, args ...string) *exec.Cmd {
	enter := []string{"--target", m.leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--"}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=cat"}
	return cmd
}

// try runs a command in the machine and returns all that it wrote.
func (m *machine) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := m.command(ctx, args...).CombinedOutput()
	t.Logf("$ %s\n%s", strings.Join(args, " "), out)
	return string(out), err
}

// run is try for what must succeed.
func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.try(t, args...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

// wants compares the output of a command, without the space around it.
func (m *machine) wants(t *testing.T, want string, args ...string) {
	t.Helper()
	out, _ := m.try(t, args...)
	if got := strings.TrimSpace(out); got != want {
		t.Errorf("%s printed %q, want %q", strings.Join(args, " "), got, want)
	}
}

// has tells whether a path exists in the machine.
func (m *machine) has(path string) bool {
	_, err := os.Lstat(filepath.Join(m.root, path))
	return err == nil
}

// follow runs a command that goes on for ever and returns a function that
// returns its next line with some text in it.
func (m *machine) follow(t *testing.T, args ...string) (next func(text string) string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := m.command(ctx, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	return func(text string) string {
		t.Helper()
		seen := ""
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				t.Logf("%s: %s", args[0], lines.Text())
				return lines.Text()
			}
			seen += lines.Text() + "\n"
		}
		t.Fatal(fmt.Errorf("%s ended without %q: %v; before that:\n%s", strings.Join(args, " "), text, ctx.Err(), seen))
		return ""
	}
}
