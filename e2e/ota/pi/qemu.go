package pi

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine is the part of the command line that the device tree depends on.
func machine() []string {
	return []string{"-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-accel", "tcg,thread=multi"}
}

// connectLimit bounds the time in which a new QEMU connects.
const connectLimit = 20 * time.Second

// sockets are what QEMU and the guest talk over; QEMU connects to each at its
// start, in no order that matters.
type sockets struct {
	console, journal, hand, monitor *net.UnixListener
}

func listen(dir string) (*sockets, error) {
	s := &sockets{}
	for name, listener := range s.named() {
		var err error
		*listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unix"})
		if err != nil {
			return nil, fmt.Errorf("listen for QEMU: %w", err)
		}
	}
	return s, nil
}

func (s *sockets) named() map[string]**net.UnixListener {
	return map[string]**net.UnixListener{"console": &s.console, "journal": &s.journal, "hand": &s.hand, "monitor": &s.monitor}
}

func (s *sockets) close() {
	for _, listener := range s.named() {
		if *listener != nil {
			_ = (*listener).Close()
		}
	}
}

// accept waits for QEMU's connection.
func accept(l *net.UnixListener) (net.Conn, error) {
	if err := l.SetDeadline(time.Now().Add(connectLimit)); err != nil {
		return nil, err
	}
	conn, err := l.Accept()
	if err != nil {
		return nil, fmt.Errorf("wait for QEMU: %w", err)
	}
	return conn, nil
}

// deviceTree writes the machine's device tree with what the firmware tells.
func deviceTree(ctx context.Context, path string, c choice) error {
	dump := append([]string{"qemu-system-aarch64"}, machine()...)
	dump[2] += ",dumpdtb=" + path
	tryboot := "0"
	if c.tryboot {
		tryboot = "1"
	}
	const node = "/chosen/bootloader"
	for _, command := range [][]string{
		dump,
		{"fdtput", "-c", path, node},
		{"fdtput", "-t", "i", path, node, "tryboot", tryboot},
		{"fdtput", "-t", "i", path, node, "partition", strconv.Itoa(c.partition)},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("make device tree: %s: %w: %s", command[0], err, out)
		}
	}
	return nil
}

// startDisk starts the server of the card, whose cache is lost when it is
// killed. It takes connections from its start on: the socket is made here.
func startDisk(card Card, path string) (*exec.Cmd, error) {
	_ = os.Remove(path)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for the disk: %w", err)
	}
	defer l.Close()
	l.SetUnlinkOnClose(false)
	socket, err := l.File()
	if err != nil {
		return nil, fmt.Errorf("listen for the disk: %w", err)
	}
	defer socket.Close()
	// Socket activation, sd_listen_fds(3): the process must know its own id.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec nbdkit -f --filter=cache file "$1" cache=writeback cache-min-block-size=4096`, "nbdkit", card.Path)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start disk: %w", err)
	}
	return cmd, nil
}

// startQEMU starts the guest that the firmware chose.
func (b *Board) startQEMU(ctx context.Context, c choice) (*exec.Cmd, error) {
	tree := filepath.Join(b.dir, "tree.dtb")
	if err := deviceTree(ctx, tree, c); err != nil {
		return nil, err
	}
	port := func(id, name string) string {
		return fmt.Sprintf("socket,id=%s,path=%s", id, filepath.Join(b.dir, name))
	}
	args := append(machine(), "-display", "none", "-no-reboot", "-dtb", tree,
		"-kernel", c.kernel, "-initrd", c.initramfs, "-append", c.cmdline+" "+b.words,
		"-drive", "file.driver=nbd,file.server.type=unix,file.server.path="+b.disk()+",format=raw,if=none,id=card,cache=writeback",
		"-device", "virtio-blk-pci,drive=card",
		"-drive", "file="+b.flag()+",format=raw,if=none,id=flag", "-device", "virtio-blk-pci,drive=flag",
		"-chardev", port("console", "console"), "-serial", "chardev:console",
		"-device", "virtio-serial-pci",
		"-chardev", port("journal", "journal"), "-device", "virtconsole,chardev=journal",
		"-chardev", port("hand", "hand"), "-device", "virtserialport,chardev=hand,name=lab",
		"-chardev", port("monitor", "monitor"), "-mon", "chardev=monitor,mode=control",
		"-device", "i6300esb", "-action", "watchdog=reset",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
	var problems strings.Builder
	cmd := exec.Command("qemu-system-aarch64", args...)
	cmd.Stderr = &problems
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return cmd, nil
}

// disk is the socket of the card's server.
func (b *Board) disk() string { return filepath.Join(b.dir, "disk") }

// flag is the file of the tryboot flag.
func (b *Board) flag() string { return filepath.Join(b.dir, "flag") }
