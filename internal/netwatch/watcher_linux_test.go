package netwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// insideVariable is set in the test process that runs in a namespace.
const insideVariable = "NETWATCH_INSIDE"

// TestMain runs the tests in a process of its own, in a network namespace with
// nothing in it. Without root it is one of a user namespace.
func TestMain(m *testing.M) {
	if os.Getenv(insideVariable) != "" {
		os.Exit(m.Run())
	}
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Env = append(os.Environ(), insideVariable+"=1")
	self.Stdin, self.Stdout, self.Stderr = os.Stdin, os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if id := os.Geteuid(); id != 0 {
		self.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		self.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: id, Size: 1}}
	}
	err := self.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "netwatch: start in a network namespace (root or user namespaces are needed):", err)
		os.Exit(1)
	}
	os.Exit(self.ProcessState.ExitCode())
}

// limit bounds the wait for a change that should come.
const limit = 10 * time.Second

// ipCommand changes the network of the namespace, with the program of iproute2.
func ipCommand(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", command, err, out)
		}
	}
}

// cable makes a link eth0 whose other end is far0; both go with the test.
func cable(t *testing.T) {
	t.Helper()
	ipCommand(t, "link add eth0 type veth peer name far0", "link set far0 up")
	t.Cleanup(func() { ipCommand(t, "link del eth0") })
}

// watching is a watcher at work.
type watching struct {
	t       *testing.T
	changes chan Change
}

func watch(t *testing.T) *watching {
	t.Helper()
	return run(t, newWatcher(t, slog.New(slog.DiscardHandler)))
}

func newWatcher(t *testing.T, log *slog.Logger) *Watcher {
	t.Helper()
	w, err := New(log)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run runs a watcher to the end of the test.
func run(t *testing.T, w *Watcher) *watching {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &watching{t: t, changes: make(chan Change, 100)}
	go func() { ended <- w.Run(ctx, func(c Change) { s.changes <- c }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

func (s *watching) soon() Change {
	s.t.Helper()
	select {
	case c := <-s.changes:
		return c
	case <-time.After(limit):
		s.t.Fatal("no change was told")
	}
	return Change{}
}

// expect does something to the network and waits for the one change it is.
func (s *watching) expect(what string, want Change, commands ...string) {
	s.t.Helper()
	ipCommand(s.t, commands...)
	if got := s.soon(); got != want {
		s.t.Errorf("%s: told %+v, want %+v", what, got, want)
	}
}

// quiet does something to the network that makes no difference: the next
// change that is told is one made afterwards.
func (s *watching) quiet(what string, commands ...string) {
	s.t.Helper()
	ipCommand(s.t, commands...)
	s.expect(what+", and then an address more", Change{Up: true}, "addr add 203.0.113.9/32 dev eth0")
	s.expect(what+", and then it is gone", Change{Up: true, Moved: true}, "addr del 203.0.113.9/32 dev eth0")
}

func TestWatch(t *testing.T) {
	cable(t)
	s := watch(t)
	s.expect("first network", moved, "addr add 192.0.2.7/24 dev eth0", "link set eth0 up")
	s.expect("switched off", gone, "link set eth0 down")
	s.expect("switched on", back, "link set eth0 up")
	s.expect("cable pulled", gone, "link set far0 down")
	s.expect("cable back", back, "link set far0 up")
	s.expect("first default route", back, "route add default via 192.0.2.1")
	s.expect("another router", moved, "route replace default via 192.0.2.2")
	s.expect("route lost", moved, "route del default")
	s.expect("a second address", back, "addr add 192.0.2.8/32 dev eth0")
	s.expect("the first address gone", moved, "addr del 192.0.2.7/24 dev eth0")
	s.quiet("loopback", "link set lo up")
	s.quiet("a route to one network", "route add 198.51.100.0/24 dev eth0")
	s.quiet("a link without a carrier", "link add idle0 type veth peer name idle1", "addr add 198.51.100.7/24 dev idle0", "link set idle0 up", "link del idle0")
	s.expect("card pulled out, another plugged in", gone, "link set eth0 down")
	s.expect("another network", moved, "addr flush dev eth0", "addr add 198.51.100.7/24 dev eth0", "link set eth0 up")
}

// TestWatchSurvivesLoss has the kernel drop messages: more of them than the
// socket holds come before anybody reads.
func TestWatchSurvivesLoss(t *testing.T) {
	cable(t)
	var said lockedBuffer
	w := newWatcher(t, slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	ipCommand(t, "link set eth0 up")
	var batch strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&batch, "route add 10.%d.%d.0/24 dev eth0\n", i/256, i%256)
	}
	batch.WriteString("addr add 192.0.2.8/24 dev eth0\n")
	command := exec.Command("ip", "-batch", "-")
	command.Stdin = strings.NewReader(batch.String())
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("ip -batch: %v: %s", err, out)
	}
	s := run(t, w)
	if got := s.soon(); got != moved {
		t.Errorf("after the flood: told %+v, want %+v", got, moved)
	}
	s.expect("switched off", gone, "link set eth0 down")
	if text := said.String(); !strings.Contains(text, "changes of the network were lost") {
		t.Errorf("nothing was lost: %s", text)
	}
}

// lockedBuffer collects a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestRunTwoWatchers(t *testing.T) {
	cable(t)
	first, second := watch(t), watch(t)
	ipCommand(t, "addr add 192.0.2.7/24 dev eth0", "link set eth0 up")
	for i, s := range []*watching{first, second} {
		if got := s.soon(); got != moved {
			t.Errorf("watcher %d: told %+v", i+1, got)
		}
	}
}
