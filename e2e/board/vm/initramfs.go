package vm

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// boardModules are loaded at every boot.
var boardModules = []string{
	"sch_netem",
	"snd-aloop pcm_substreams=1",
	"vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0",
	"vh264",
}

// initramfs is the root file system of the board.
func initramfs(o Options) ([]byte, error) {
	modules, err := readModules(o.Kernel)
	if err != nil {
		return nil, err
	}
	a := newArchive()
	for _, dir := range []string{"proc", "sys", "dev", "run", "tmp", "root", "usr/bin", "usr/sbin", "sbin"} {
		a.directory(dir)
	}
	a.character("dev/console", 5, 1)
	a.link("bin/sh", "busybox")
	a.file("etc/passwd", 0o644, []byte("root::0:0:root:/root:/bin/sh\n"))
	a.file("etc/group", 0o644, []byte("root:x:0:\n"))
	a.file("etc/hosts", 0o644, []byte("127.0.0.1 localhost\n"))
	a.file(modules.dir+"/modules.dep", 0o644, []byte(modules.index()))
	spec, err := json.Marshal(wire.Spec{Address: o.Address, Modules: modules.load(append(boardModules, o.Modules...)), Chip: chip()})
	if err != nil {
		return nil, fmt.Errorf("describe the board: %w", err)
	}
	a.file(wire.SpecPath, 0o644, spec)
	for name, from := range files(o, modules) {
		if err := a.copy(name, from); err != nil {
			return nil, err
		}
	}
	return a.finish(), nil
}

// files maps paths on the board, without the leading slash, to files here.
func files(o Options, modules *moduleSet) map[string]string {
	all := map[string]string{"init": o.Guest, "bin/busybox": o.Busybox}
	for name, file := range modules.files {
		all[modules.path(name)] = file
	}
	for name, file := range o.Files {
		all[strings.TrimPrefix(name, "/")] = file
	}
	return all
}

// copy adds a file of the host with its permissions.
func (a *archive) copy(name, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("fill the board's file system: %w", err)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("fill the board's file system: %w", err)
	}
	a.file(name, uint32(info.Mode().Perm()), data)
	return nil
}
