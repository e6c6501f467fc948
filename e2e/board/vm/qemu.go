package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// Options says what a board is made of.
type Options struct {
	Dir     string            // for sockets, console and initramfs; must exist; its path is short (unix(7): 108 bytes in all)
	Kernel  string            // folder with vmlinuz, release and mods/*.ko; see scripts/board-kernel.sh
	Busybox string            // static, arm64
	Guest   string            // the built command e2e/board/guest
	Files   map[string]string // path on the board → file here; kept with its permissions
	Modules []string          // more modules, as "name parameters"
	Memory  int               // MiB; 0 is 512
	CPUs    int               // 0 is 2

	// The network: without a Namespace the board has no card.
	Namespace string // network namespace QEMU runs in, as `ip netns` knows it
	Tap       string // its card there, made by the caller; see [AddTap]
	Address   string // of the board, with prefix length
}

// files in Options.Dir.
const (
	consoleFile   = "console.log"
	initramfsFile = "initramfs"
	controlSocket = "control"
	monitorSocket = "monitor"
)

// arguments is QEMU's command line. QEMU is the client of both sockets: they
// are connected before the board executes anything.
func (o Options) arguments() []string {
	in := func(name string) string { return filepath.Join(o.Dir, name) }
	args := []string{
		"qemu-system-aarch64", "-M", "virt,gic-version=3", "-cpu", "cortex-a72", "-accel", "tcg,thread=multi",
		"-smp", strconv.Itoa(o.CPUs), "-m", strconv.Itoa(o.Memory),
		"-nodefaults", "-no-user-config", "-display", "none",
		"-kernel", filepath.Join(o.Kernel, "vmlinuz"), "-initrd", in(initramfsFile),
		"-append", "console=ttyAMA0 panic=-1 quiet",
		"-chardev", "file,id=console,path=" + in(consoleFile), "-serial", "chardev:console",
		"-device", "virtio-rng-device", "-device", "virtio-serial-device",
		"-chardev", "socket,id=control,path=" + in(controlSocket),
		"-device", "virtserialport,chardev=control,name=" + wire.PortName,
		"-chardev", "socket,id=monitor,path=" + in(monitorSocket), "-mon", "chardev=monitor,mode=control",
	}
	if o.Namespace == "" {
		return args
	}
	args = append([]string{"ip", "netns", "exec", o.Namespace}, args...)
	return append(args,
		"-netdev", "tap,id=wire,ifname="+o.Tap+",script=no,downscript=no",
		"-device", "virtio-net-device,id="+card+",netdev=wire,mac=52:54:00:00:00:01")
}

// card is QEMU's name of the network card.
const card = "card"

// AddTap makes the host's end of a board's cable and plugs it into a bridge of
// the namespace. It goes with the namespace.
func AddTap(ctx context.Context, namespace, bridge, tap string) error {
	for _, c := range []string{
		"tuntap add " + tap + " mode tap",
		"link set " + tap + " master " + bridge + " up",
	} {
		out, err := exec.CommandContext(ctx, "ip", append([]string{"-n", namespace}, strings.Fields(c)...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// qemu is the running machine.
type qemu struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how, valid after done
}

// stopGrace is how long QEMU has to end after SIGTERM.
const stopGrace = 3 * time.Second

// startQEMU runs the command with its messages going to log.
func startQEMU(args []string, log io.Writer) (*qemu, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = stopGrace
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	q := &qemu{cmd: cmd, done: make(chan struct{})}
	go func() {
		q.err = cmd.Wait()
		close(q.done)
	}()
	return q, nil
}

// stop ends the machine; it cannot object for long.
func (q *qemu) stop() error {
	if err := q.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop QEMU: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	select {
	case <-q.done:
	case <-ctx.Done():
		_ = q.cmd.Process.Kill() // it may just have ended
		<-q.done
	}
	return nil
}

// accept takes the one connection that QEMU makes to a socket, and closes the
// listener.
func accept(ctx context.Context, listener net.Listener, q *qemu) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	accepted := make(chan result, 1)
	go func() {
		conn, err := listener.Accept()
		accepted <- result{conn, err}
	}()
	var cause error
	select {
	case r := <-accepted:
		_ = listener.Close() // nobody else is to come
		return r.conn, r.err
	case <-q.done:
		cause = fmt.Errorf("QEMU ended at once: %w", q.err)
	case <-ctx.Done():
		cause = context.Cause(ctx)
	}
	_ = listener.Close() // ends Accept
	if r := <-accepted; r.conn != nil {
		_ = r.conn.Close()
	}
	return nil, cause
}
