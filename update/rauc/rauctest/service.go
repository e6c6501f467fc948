package rauctest

import (
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	busName = "de.pengutronix.rauc"
	iface   = "de.pengutronix.rauc.Installer"
	path    = dbus.ObjectPath("/")
	props   = "org.freedesktop.DBus.Properties"

	// refused is the name GLib gives to RAUC's errors.
	refused = "org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code30"
)

// Bundle is what a source turns out to be.
type Bundle struct {
	Compatible, Version, Hash string

	Refusal string // of Inspect and Install, in RAUC's words; "" is none
	Broken  string // of Install alone
}

// Options say how the service behaves.
type Options struct {
	Compatible string
	Bundles    map[string]Bundle // by source

	Old    bool // RAUC before 1.9: no InspectBundle
	NoHash bool // RAUC before 1.14: require-manifest-hash is not known
	Inert  bool // an installation does not change which slot starts next

	// Hold, when not nil, is received from before an installation ends.
	Hold <-chan struct{}
}

// Slot is one slot of the board.
type Slot struct {
	Version, Hash string
	Installed     time.Time
}

// Service is a RAUC that runs until the test ends, or until Stop.
type Service struct {
	options Options
	conn    *dbus.Conn
	jobs    sync.WaitGroup

	mu        sync.Mutex
	slots     map[string]*Slot // by boot name: A and B
	booted    string
	primary   string
	busy      int // calls that are still refused
	operation string
	lastError string
	progress  struct {
		Percent int32
		Message string
		Depth   int32
	}
	marks    []string
	requests []map[string]dbus.Variant // arguments of installations
}

// Start runs a service on a bus; slot A is the one that runs and starts next.
func Start(t testing.TB, bus *Bus, o Options) *Service {
	t.Helper()
	conn, err := dbus.Connect(bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{
		options: o, conn: conn, booted: "A", primary: "A", operation: "idle",
		slots: map[string]*Slot{"A": {}, "B": {}},
	}
	t.Cleanup(s.Stop)
	methods := map[string]any{
		"InstallBundle": s.installBundle, "Mark": s.mark, "GetSlotStatus": s.slotStatus,
		"GetPrimary": s.getPrimary, "Info": s.info,
	}
	if !o.Old {
		methods["InspectBundle"] = s.inspectBundle
	}
	if err := conn.ExportMethodTable(methods, path, iface); err != nil {
		t.Fatal(err)
	}
	if err := conn.ExportMethodTable(map[string]any{"Get": s.get, "GetAll": s.getAll}, path, props); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(busName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("own %s: %v, %v", busName, reply, err)
	}
	return s
}

// Stop ends the service as a crash would.
func (s *Service) Stop() {
	_ = s.conn.Close()
}

// Boot is a restart of the board into a slot; primary is the one that the boot
// loader starts next.
func (s *Service) Boot(slot, primary string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.booted, s.primary = slot, primary
}

// SetSlot says what is in a slot.
func (s *Service) SetSlot(boot string, slot Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[boot] = &slot
}

// Refuse lets the next n calls be refused, as after an installation.
func (s *Service) Refuse(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = n
}

// Primary is the slot that starts next.
func (s *Service) Primary() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.primary
}

// Marks are the calls of Mark so far, as "state slot".
func (s *Service) Marks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.marks...)
}

// Requests are the arguments of the installations so far.
func (s *Service) Requests() []map[string]dbus.Variant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]dbus.Variant(nil), s.requests...)
}

// Wait waits for the installations that run.
func (s *Service) Wait() { s.jobs.Wait() }

func refuse(text string) *dbus.Error { return dbus.NewError(refused, []any{text}) }

// free refuses a call while something is being done.
func (s *Service) free() *dbus.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy > 0 {
		s.busy--
		return refuse("already processing a different method")
	}
	if s.operation != "idle" {
		return refuse("already processing a different method")
	}
	return nil
}
