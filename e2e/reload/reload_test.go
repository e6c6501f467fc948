//go:build e2e

package reload

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

const (
	annaOnly    = "[{name: Anna, user_id: 101}]"
	annaAndCarl = "[{name: Anna, user_id: 101}, {name: Carl, user_id: 103}]"
	carlOnly    = "[{name: Carl, user_id: 103}]"
)

// TestReload writes the door's file anew in one situation after the other. It
// is one process all the time, with one control socket, and never silent.
func TestReload(t *testing.T) {
	startProsody(t, 101, 104, 105)
	phone := start(t, settings{
		user: 101, contacts: "[{name: Door, user_id: 104}, {name: Other door, user_id: 105}]",
		rings: "Other door", accepts: "Door, Other door", fps: 10,
	})
	door := start(t, settings{user: 104, contacts: annaOnly, rings: "Anna", fps: 10})
	phone.online()
	door.online()
	socket := socketOf(t, door)
	for _, part := range []struct {
		name string
		run  func(t *testing.T, door, phone *station)
	}{
		{"during a call", duringCall},
		{"wrong file", wrongFile},
		{"signal", bySignal},
		{"folder behind a link", swappedFolder},
		{"account after the call", accountAfterCall},
		{"no contact any more", noContact},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.run(t, door.in(t), phone.in(t)) }) {
			break // one builds on the other
		}
	}
	if now := socketOf(t, door); now != socket {
		t.Errorf("the control socket was made anew: %d, was %d", now, socket)
	}
	for _, s := range []*station{door, phone} {
		if silence := s.super.longestSilence(); silence == 0 || silence > watchdog {
			t.Errorf("the watchdog of user %d was not fed for %v", s.settings.user, silence)
		}
	}
}

// in is the station with the test that may fail now.
func (s *station) in(t *testing.T) *station {
	s.t, s.super.t = t, t
	return s
}

func socketOf(t *testing.T, s *station) uint64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(s.dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// duringCall changes contacts and camera: the contacts are in force at once, the
// camera is once the call is over, and the call has its media all the time.
func duringCall(t *testing.T, door, _ *station) {
	id := door.press()
	door.flows(id)
	door.settings.contacts, door.settings.fps = annaAndCarl, 15
	door.rewrite()
	if e := door.configured("waiting"); !slices.Equal(e.Keys, []string{"camera"}) {
		t.Errorf("%v wait", e.Keys)
	}
	if s := door.status(); len(s.Contacts) != 2 || len(s.Sessions) != 1 || s.Sessions[0].ID != id || s.Config == nil {
		t.Errorf("status %+v", s)
	}
	door.flows(id)
	door.hangUp(id)
	if e := door.configured("applied"); !slices.Equal(e.Keys, []string{"contacts", "camera"}) {
		t.Errorf("%v applied", e.Keys)
	}
	door.online()
	id = door.press()
	door.flows(id)
	door.hangUp(id)
	if s := door.status(); s.Config != nil {
		t.Errorf("something still waits: %+v", s.Config)
	}
}

// wrongFile changes nothing, and says where it is wrong.
func wrongFile(t *testing.T, door, _ *station) {
	id := door.press()
	door.settings.extra = "bell: loud\n"
	door.rewrite()
	lines := strings.Count(door.settings.yaml(door.dir), "\n")
	e := door.configured("refused")
	if !strings.Contains(e.Error, "bell") || !strings.Contains(e.Error, fmt.Sprintf("intercom.yaml:%d:", lines)) {
		t.Errorf("error %q, the key is in line %d", e.Error, lines)
	}
	door.flows(id)
	door.hangUp(id)
	if err := os.Remove(door.file); err != nil {
		t.Fatal(err)
	}
	if e := door.configured("refused"); !strings.Contains(e.Error, "is gone") {
		t.Errorf("error %q without a file", e.Error)
	}
	door.settings.extra = ""
	door.rewrite()
	door.configured("applied")
}

// bySignal reads the file though nothing tells that it has changed.
func bySignal(t *testing.T, door, _ *station) {
	for range 2 {
		if err := door.process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		door.super.wait("RELOADING=1")
		door.super.wait("READY=1")
	}
}

// swappedFolder is how the image stores a configuration: the path leads through
// a link that is swapped in one step.
func swappedFolder(t *testing.T, _, phone *station) {
	base := t.TempDir()
	s := phone.settings
	s.user, s.accepts = 105, ""
	s.contacts, s.rings = annaOnly, "Anna"
	for name, fps := range map[string]int{"config.1": 10, "config.2": 12} {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s.fps = fps
		write(t, filepath.Join(dir, "password"), "secret\n")
		write(t, filepath.Join(dir, "intercom.yaml"), s.yaml(base))
	}
	link := filepath.Join(base, "config")
	if err := os.Symlink("config.1", link); err != nil {
		t.Fatal(err)
	}
	other := startIn(t, base, filepath.Join(link, "intercom.yaml"), s)
	other.online()
	if err := os.Symlink("config.2", link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
	if e := other.configured("applied"); !slices.Equal(e.Keys, []string{"camera"}) {
		t.Errorf("%v applied", e.Keys)
	}
}

// accountAfterCall changes who the door is; the call goes on with who it was.
func accountAfterCall(t *testing.T, door, _ *station) {
	id := door.press()
	door.settings.user = 105
	door.rewrite()
	if e := door.configured("waiting"); !slices.Equal(e.Keys, []string{"quickblox"}) {
		t.Errorf("%v wait", e.Keys)
	}
	door.flows(id)
	door.hangUp(id)
	door.configured("applied")
	door.online()
	if s := door.status(); s.UserID != 105 || !strings.HasPrefix(s.XMPP.JID, "105-7@") {
		t.Errorf("the door is user %d, %s", s.UserID, s.XMPP.JID)
	}
}

// noContact takes the phone out of the list while it talks: it is hung up at
// once, and cannot ring any more.
func noContact(t *testing.T, door, phone *station) {
	id := door.press()
	door.settings.contacts, door.settings.rings = carlOnly, "Carl"
	door.rewrite()
	door.closed(id)
	phone.closed(id)
	door.configured("applied")
	if err := phone.client.Press(t.Context(), "front"); err != nil {
		t.Fatal(err)
	}
	phone.event("onRejectCall", func(e intercom.Event) bool { return e.UserID == call.UserID(105) })
}
