package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tailLines is how much of a long log is kept.
const tailLines = 400

// Dump writes what the parties of the present scene did into dir, for a
// person: per client its events, console and stanzas, per device its events
// and log, and the end of the server's log.
func (l *Lab) Dump(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create dump: %w", err)
	}
	errs := []error{dumpTail(l.ServerLog(), filepath.Join(dir, "prosody.log"))}
	for _, c := range l.open {
		errs = append(errs,
			dump(filepath.Join(dir, c.name+"-events.txt"), c.Events.All()),
			dump(filepath.Join(dir, c.name+"-stanzas.txt"), c.Stanzas.All()),
			dump(filepath.Join(dir, c.name+"-media.txt"), c.media.all()))
	}
	for i, d := range l.devices {
		name := fmt.Sprintf("device-%d", i+1)
		errs = append(errs,
			dump(filepath.Join(dir, name+"-events.txt"), d.Events.All()),
			dumpTail(d.LogFile(), filepath.Join(dir, name+".log")))
	}
	return errors.Join(errs...)
}

// dump writes one entry per line.
func dump[T fmt.Stringer](path string, entries []T) error {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintln(&b, e)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

func dumpTail(from, to string) error {
	tail, err := Tail(from, tailLines)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, []byte(tail), 0o644); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

// Tail returns the last lines of a file.
func Tail(path string, lines int) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read end of log: %w", err)
	}
	all := strings.SplitAfter(string(content), "\n")
	return strings.Join(all[max(0, len(all)-lines-1):], ""), nil
}

const clock = "15:04:05.000"

// String describes the event in one line.
func (e ClientEvent) String() string {
	rest, _ := json.Marshal(e) // plain data: cannot fail
	return fmt.Sprintf("%s %s %s", e.At.Format(clock), e.Name, rest)
}

// String describes the event in one line.
func (e DeviceEvent) String() string {
	rest, _ := json.Marshal(e) // plain data: cannot fail
	return fmt.Sprintf("%s %s", e.Time.Format(clock), rest)
}

// String describes the measurement in one line.
func (m Media) String() string {
	return fmt.Sprintf("%+v", struct{ Video, Audio any }{m.Video, m.Audio})
}

// String describes the stanza in one line.
func (s Stanza) String() string {
	return fmt.Sprintf("%s %s %s", s.At.Format(clock), s.Direction, strings.NewReplacer("\r", "", "\n", "␤").Replace(s.XML))
}
