//go:build e2e

package card

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit bounds every wait for a process.
const limit = 30 * time.Second

// device is a board: a card and what survives updates.
type device struct {
	t               *testing.T
	card, data, run string
}

// newDevice returns a board that has taken testdata/lan.yaml over.
func newDevice(t *testing.T) *device {
	t.Helper()
	dir := t.TempDir()
	d := &device{t: t, card: filepath.Join(dir, "card"), data: filepath.Join(dir, "data"), run: filepath.Join(dir, "run")}
	for _, folder := range []string{d.card, d.data, d.run} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile("testdata/lan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d.put(map[string][]byte{"intercom.yaml": good})
	d.setup()
	if text, found := d.complaint(); found {
		t.Fatalf("a good card is wrong:\n%s", text)
	}
	if got := d.stored(); !bytes.Equal(got, good) {
		t.Fatalf("stored %q, want testdata/lan.yaml", got)
	}
	return d
}

// put makes files all there is on the card.
func (d *device) put(files map[string][]byte) {
	d.t.Helper()
	if err := os.RemoveAll(d.card); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Mkdir(d.card, 0o755); err != nil {
		d.t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(d.card, name), text, 0o644); err != nil {
			d.t.Fatal(err)
		}
	}
}

// setup does what a boot does, on a machine whose name may change.
func (d *device) setup() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, binary, "setup", "--no-qr", "--card", d.card, "--data", d.data, "--run", d.run,
		"--template", "../../packaging/intercom.yaml")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	if output, err := command.CombinedOutput(); err != nil {
		d.t.Fatalf("setup ended with %v, which would hold the boot up:\n%s", err, output)
	}
}

func (d *device) storedPath() string {
	return filepath.Join(d.data, "intercomd", "config", "intercom.yaml")
}

func (d *device) stored() []byte {
	d.t.Helper()
	text, err := os.ReadFile(d.storedPath())
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// complaint returns intercom.err with the line ends of Unix, without its date and
// with the card where a board has it, and whether it is there.
func (d *device) complaint() (text string, found bool) {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.card, "intercom.err"))
	if err != nil {
		return "", false
	}
	var kept []string
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\r\n", "\n")) {
		if !strings.HasPrefix(line, "Date: ") {
			kept = append(kept, line)
		}
	}
	return strings.ReplaceAll(strings.Join(kept, ""), d.card, "/bootcfg"), true
}

// files returns the card's files by name, without intercom.err.
func (d *device) files() map[string][]byte {
	d.t.Helper()
	return readFolder(d.t, d.card, "intercom.err")
}

func readFolder(t *testing.T, dir, but string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == but {
			return err
		}
		files[entry.Name()], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// serves runs the daemon with the stored configuration until its page is up
// and `intercomd status` answers.
func (d *device) serves() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	socket := filepath.Join(d.run, "control.sock")
	daemon := exec.CommandContext(ctx, binary, "run", "--config", d.storedPath(), "--set", "control.socket="+socket,
		"--set", "device.state_dir="+filepath.Join(d.data, "intercomd", "state"))
	output, err := daemon.StderrPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		d.t.Fatal(err)
	}
	log, err := readUntil(bufio.NewScanner(output), "handset page is up", "control socket open", "xmpp online")
	if err == nil {
		err = d.asks(ctx, socket)
	}
	if stop := daemon.Process.Signal(syscall.SIGTERM); stop != nil {
		d.t.Errorf("stop the daemon: %v", stop)
	}
	rest := bufio.NewScanner(output)
	for rest.Scan() {
		log = append(log, rest.Text())
	}
	if ended := daemon.Wait(); err != nil || ended != nil {
		d.t.Errorf("with the configuration it has: %v, the daemon ended with %v:\n%s", err, ended, strings.Join(log, "\n"))
	}
}

// asks checks that the daemon answers on its socket.
func (d *device) asks(ctx context.Context, socket string) error {
	output, err := exec.CommandContext(ctx, binary, "status", "--socket", socket).CombinedOutput()
	if err != nil || !strings.Contains(string(output), "Last good") {
		return fmt.Errorf("status: %w: %s", err, output)
	}
	return nil
}

// readUntil returns the lines until each of the texts was in one.
func readUntil(lines *bufio.Scanner, texts ...string) (log []string, err error) {
	for len(texts) > 0 && lines.Scan() {
		log = append(log, lines.Text())
		texts = slices.DeleteFunc(texts, func(text string) bool { return strings.Contains(lines.Text(), text) })
	}
	if len(texts) > 0 {
		return log, fmt.Errorf("no line %q in the log", texts)
	}
	return log, nil
}
