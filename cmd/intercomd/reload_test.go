package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/internal/sdnotify"
)

// TestReloader reads one file after the other.
func TestReloader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := &config.Error{Problems: []config.Problem{{Place: path + ":3", Key: "bell", Text: "is unknown"}}}
	more, key := runningConfig(), runningConfig()
	more.Contacts = append(more.Contacts, carl)
	key.Buttons = []config.Button{{Name: "a", Source: config.ButtonEvdev, Key: "KEY_NONSENSE"}}
	for _, c := range []struct {
		name    string
		why     string
		config  *config.Config
		err     error
		refused string // before
		want    []string
		state   string // after, "" for all in force
	}{
		{"unchanged file", byFile, runningConfig(), nil, "", nil, ""},
		{"unchanged, asked for", bySignal, runningConfig(), nil, "", nil, ""},
		{"changed", byFile, more, nil, "", []string{"apply 3 contacts"}, ""},
		{"wrong", bySignal, nil, wrong, "", nil, "c.yaml:3: bell: is unknown"},
		{"key that does not exist", byFile, key, nil, "", nil, "buttons[0].key: "},
		{"mended", byFile, runningConfig(), nil, "it was wrong", []string{"apply 2 contacts"}, "it was wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var did []string
				ready := make(chan struct{})
				r := &reloader{
					path: path, log: discard(), ready: ready, asked: make(chan string, 1), watch: newFileWatch(path), latest: runningConfig(),
					state: &configState{events: intercom.NewEvents(), log: discard()},
					load:  func() (*config.Config, []config.Warning, error) { return c.config, nil, c.err },
					apply: func(_ context.Context, c *config.Config) {
						did = append(did, fmt.Sprintf("apply %d contacts", len(c.Contacts)))
					},
					tell: func(state sdnotify.State, _ string) error {
						did = append(did, string(state))
						return nil
					},
				}
				if c.refused != "" {
					r.state.set(intercom.ConfigRefused, nil, errors.New(c.refused))
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- r.run(ctx) }()
				r.ask(c.why)
				r.ask(c.why)
				synctest.Wait()
				if len(did) > 0 {
					t.Errorf("before the start: %q", did)
				}
				close(ready)
				synctest.Wait()
				if want := slices.Concat([]string{"RELOADING=1"}, c.want, []string{"READY=1"}); !slices.Equal(did, want) {
					t.Errorf("did %q, want %q", did, want)
				}
				now := r.state.get()
				if (now == nil) != (c.state == "") || now != nil && !strings.Contains(now.Error, c.state) {
					t.Errorf("state %+v, want %q", now, c.state)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestReloaderOfFileThatIsGone(t *testing.T) {
	r := &reloader{path: filepath.Join(t.TempDir(), "none"), load: func() (*config.Config, []config.Warning, error) {
		t.Error("it is read")
		return nil, nil, nil
	}}
	if _, err := r.read(); err == nil || !strings.HasSuffix(err.Error(), "none is gone") {
		t.Errorf("error %v", err)
	}
}
