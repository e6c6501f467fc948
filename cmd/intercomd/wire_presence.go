package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
)

// lookPeriod is how often a device that nobody uses is looked for.
const lookPeriod = 2 * time.Second

// presence knows whether a device that nobody uses could be opened. It opens
// the device to find out when it has to: at the start, after a call, while it
// is missing, and when its nodes in the file system have changed.
type presence struct {
	key   string   // of the configuration
	nodes []string // patterns of paths that change when the device comes or goes
	check func() error
	log   *slog.Logger

	mu      sync.Mutex
	fresh   bool // nobody has used the device since it was checked
	trace   string
	missing error
}

// cameraPresence watches over camera.source, which is not none.
func cameraPresence(s config.Source, log *slog.Logger) *presence {
	return &presence{
		key: "camera.source", log: log,
		nodes: nodesOf(s, "/dev/video*", "/dev/media*", "/dev/v4l/by-id/*"),
		check: func() error { return camera.Check(s.String()) },
	}
}

// microphonePresence watches over audio.capture, which is not none.
func microphonePresence(s config.Source, log *slog.Logger) *presence {
	return &presence{
		key: "audio.capture", log: log,
		nodes: nodesOf(s, "/dev/snd/*"),
		check: func() error { return audio.Check(s.String()) },
	}
}

// speakerPresence watches over audio.playback, which is a sound card. One that
// plays, as it does for tones outside of calls, is there.
func speakerPresence(s config.Source, plays func() bool, log *slog.Logger) *presence {
	return &presence{
		key: "audio.playback", log: log,
		nodes: nodesOf(s, "/dev/snd/*"),
		check: func() error {
			if plays() {
				return nil
			}
			return audio.CheckPlayback(s.String())
		},
	}
}

// nodesOf says which paths tell of a source.
func nodesOf(s config.Source, devices ...string) []string {
	switch s.Kind {
	case config.SourceFile:
		return []string{s.Path}
	case config.SourceDevice:
		return devices
	}
	return nil
}

// look checks the device if there is a reason to.
func (p *presence) look() {
	trace := traceOf(p.nodes)
	if !p.due(trace) {
		return
	}
	err := p.check()
	p.mu.Lock()
	before := p.missing
	p.fresh, p.trace, p.missing = true, trace, err
	p.mu.Unlock()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		p.log.Warn("device is missing", "key", p.key, "err", err)
	case err == nil && before != nil:
		p.log.Info("device is there", "key", p.key)
	}
}

func (p *presence) due(trace string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.fresh || p.missing != nil || trace != p.trace
}

// used notes that somebody is about to use the device.
func (p *presence) used() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh = false
}

// correct puts what is known of an unused device into its status.
func (p *presence) correct(s intercom.DeviceStatus) intercom.DeviceStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.fresh || s.State == intercom.DeviceOpen {
		return s
	}
	s.State, s.Error = intercom.DeviceIdle, ""
	if p.missing != nil {
		s.State, s.Error = intercom.DeviceMissing, p.missing.Error()
	}
	return s
}

// traceOf is a text that changes when a file that matches comes, goes or is
// replaced, and when a regular file changes.
func traceOf(patterns []string) string {
	var b strings.Builder
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil { // a file's name that is no pattern
			paths = []string{pattern}
		}
		for _, path := range paths {
			info, err := os.Lstat(path)
			switch {
			case err != nil:
			case info.Mode().IsRegular():
				fmt.Fprintf(&b, "%s %d %v\n", path, info.Size(), info.ModTime())
			default: // reading a device changes its times
				fmt.Fprintf(&b, "%s %d\n", path, inode(info))
			}
		}
	}
	return b.String()
}

func inode(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}

// lookout looks for all devices while no call is up, and keeps a look from
// getting into the way of a call: a sound card can be opened once.
type lookout struct {
	*media.Engine // what it does for calls

	all  []*presence
	idle func() bool // whether no call is up

	mu      sync.Mutex
	openers int           // calls that are opening devices
	looking chan struct{} // closed at the end of the look that is under way; nil when none is
}

func newLookout(engine *media.Engine, idle func() bool, all ...*presence) *lookout {
	return &lookout{Engine: engine, all: all, idle: idle}
}

// GetUserMedia implements call.Media.
func (l *lookout) GetUserMedia(ctx context.Context, id call.SessionID, p call.MediaParams) (call.LocalStream, error) {
	l.mu.Lock()
	l.openers++
	looking := l.looking
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.openers--
	}()
	if looking != nil {
		select {
		case <-looking:
		case <-ctx.Done(): // the look hangs: so would we
			return nil, ctx.Err()
		}
	}
	for _, device := range l.all {
		device.used()
	}
	return l.Engine.GetUserMedia(ctx, id, p)
}

// run looks until ctx ends.
func (l *lookout) run(ctx context.Context) error {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return nil
		}
		for _, device := range l.all {
			l.lookFor(device)
		}
		next.Reset(lookPeriod)
	}
}

// lookFor looks unless a call needs the device.
func (l *lookout) lookFor(device *presence) {
	l.mu.Lock()
	if l.openers > 0 || !l.idle() {
		l.mu.Unlock()
		return
	}
	l.looking = make(chan struct{})
	l.mu.Unlock()
	device.look()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.looking)
	l.looking = nil
}
