//go:build e2e

package board

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// The board's end of the lab's network. The lab numbers its own parties from 2.
const (
	boardAddress = "10.99.0.200/24"
	boardTap     = "board0"
	labBridge    = "br0"
)

// setUpLimit bounds the building of the lab.
const setUpLimit = 3 * time.Minute

// lab is the server, the browsers and the board, on one wire.
type lab struct {
	*rig.Lab
	board *vm.Board
	dir   string
}

// startLab builds the lab of this run; it goes with the test.
func startLab(t *testing.T) *lab {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), setUpLimit, errTooLong)
	defer cancel()
	root, dir := checkout(t), shortDir(t)
	run := os.Getenv("E2E_RUN")
	if run == "" {
		run = fmt.Sprintf("bd%d", os.Getpid())
	}
	parties, err := rig.StartLab(ctx, rig.DefaultOptions(root, dir, run))
	if err != nil {
		t.Fatalf("build the lab: %v", err)
	}
	l := &lab{Lab: parties, dir: dir}
	t.Cleanup(func() {
		if err := l.close(); err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	if err := l.boot(ctx, root); err != nil {
		t.Fatalf("boot the lab's board: %v", err)
	}
	return l
}

func (l *lab) close() error {
	var err error
	if l.board != nil {
		err = l.board.Close()
	}
	return errors.Join(err, l.Lab.Close())
}

// boot builds the board's programs and boots it at the hub's bridge.
func (l *lab) boot(ctx context.Context, root string) error {
	dir := filepath.Join(l.dir, "board")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	options, err := vm.DefaultOptions(ctx, root, dir)
	if err != nil {
		return err
	}
	for _, name := range []string{"usbcam", "world"} {
		program := filepath.Join(dir, name)
		if err := vm.Build(ctx, root, "./e2e/board/"+name, program); err != nil {
			return err
		}
		options.Files["/usr/bin/"+name] = program
	}
	options.Files["/usr/bin/intercomd"] = program("BOARD_BINARY", root, "bin/intercomd-linux-arm64")
	options.Files["/usr/bin/intercomd-testhooks"] = program("BOARD_TESTHOOKS", root, "build/board/intercomd-testhooks")
	options.Files["/root/camera.h264"] = filepath.Join(root, "e2e", "board", "testdata", "camera.h264")
	options.Files[authority] = filepath.Join(l.dir, "prosody", "ca.pem")
	options.Modules = []string{"softdog soft_margin=15", "vhci-hcd"}
	options.Namespace, options.Tap, options.Address = l.Network.Hub.Name, boardTap, boardAddress
	if err := vm.AddTap(ctx, options.Namespace, labBridge, boardTap); err != nil {
		return err
	}
	if l.board, err = vm.Start(ctx, options); err != nil {
		return err
	}
	return l.credentials(ctx)
}

// credentials gives the board its password; a restart takes it away.
func (l *lab) credentials(ctx context.Context) error {
	return l.board.Put(ctx, passwordFile, 0o600, []byte(rig.Password(doorUser)+"\n"))
}

// program is a built program: what the variable says, or where the scripts put
// it.
func program(variable, root, path string) string {
	if p := os.Getenv(variable); p != "" {
		return p
	}
	return filepath.Join(root, path)
}

// dump leaves what a person needs to understand a failure.
func (l *lab) dump(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(t.Context()), stepLimit, errTooLong)
	defer cancel()
	dir := filepath.Join(l.dir, "failed", name)
	if err := l.Dump(dir); err != nil {
		t.Errorf("dump: %v", err)
	}
	text, err := l.board.Get(ctx, logFile)
	if err != nil {
		t.Logf("no log of the door: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "intercomd.log"), text, 0o644); err != nil {
		t.Errorf("dump: %v", err)
	}
	state, err := l.board.Output(ctx, "intercomd status --json; tail -n 99 /proc/asound/card0/pcm*/sub0/status; ip addr; ip neigh; cat /proc/net/dev; ps")
	if err := os.WriteFile(filepath.Join(dir, "state.txt"), []byte(fmt.Sprintln(state, err)), 0o644); err != nil {
		t.Errorf("dump: %v", err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	t.Logf("end of the door's log:\n%s", strings.Join(lines[max(0, len(lines)-40):], ""))
	t.Logf("end of the console:\n%s", l.board.Console())
	t.Logf("logs, events and stanzas: %s", dir)
}
