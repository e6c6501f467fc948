package rauc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/intercomd/intercomd/update/rauc/rauctest"
)

const board = "intercom-rpi4"

func bundles() map[string]rauctest.Bundle {
	return map[string]rauctest.Bundle{
		"/good":   {Compatible: board, Version: "1.1.0", Hash: "aa"},
		"/rogue":  {Refusal: "signature verification failed: Verify error: unable to get local issuer certificate"},
		"/broken": {Compatible: board, Version: "1.1.0", Broken: "Installation error: Failed to copy: Input/output error"},
		"/silent": {Compatible: board, Version: "1.1.0", Broken: " "},
		"/odd":    {Version: "1.1.0"},
	}
}

// limited ends a test whose peer does not answer.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestState(t *testing.T) {
	bus := rauctest.StartBus(t)
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board})
	at := time.Date(2026, 5, 1, 2, 3, 4, 0, time.UTC)
	s.SetSlot("B", rauctest.Slot{Version: "1.1.0", Hash: "aa", Installed: at})
	s.Boot("B", "A")
	s.Refuse(2)
	got, err := New(bus.Address).State(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	booted, ok := got.Booted()
	want := Slot{Name: "rootfs.1", Boot: "B", Booted: true, Good: true, Version: "1.1.0", Hash: "aa", Installed: at}
	if !ok || booted != want || got.Primary != "A" || got.Compatible != board || got.Operation != OperationIdle || len(got.Slots) != 2 {
		t.Errorf("got %+v", got)
	}
	if a, ok := got.Slot("A"); !ok || a.Booted || a.Version != "" || !a.Installed.IsZero() {
		t.Errorf("slot A: %+v, %t", a, ok)
	}
	if _, ok := got.Slot("C"); ok {
		t.Error("a slot C was found")
	}
	s.Boot("A", "")
	if got, err = New(bus.Address).State(limited(t)); err != nil || got.Primary != "" {
		t.Errorf("a boot loader without a word: primary %q, %v", got.Primary, err)
	}
}

func TestMarkAndActivate(t *testing.T) {
	bus := rauctest.StartBus(t)
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board})
	c, ctx := New(bus.Address), limited(t)
	s.Boot("B", "A")
	s.Refuse(1)
	if err := c.MarkGood(ctx); err != nil || s.Primary() != "B" {
		t.Errorf("mark good: %v, primary %s", err, s.Primary())
	}
	if err := c.Activate(ctx, "rootfs.0"); err != nil || s.Primary() != "A" {
		t.Errorf("activate: %v, primary %s", err, s.Primary())
	}
	err := c.Activate(ctx, "nothing")
	if err == nil || err.Error() != "choose slot nothing: RAUC: Invalid slot name format: 'nothing'" {
		t.Errorf("activate a slot that is none: %v", err)
	}
	if got := strings.Join(s.Marks(), ", "); got != "good B, active A" {
		t.Errorf("marks: %s", got)
	}
}

func TestInspect(t *testing.T) {
	tests := []struct {
		name, source string
		old          bool
		want         Bundle
		err          string
	}{
		{"good", "/good", false, Bundle{board, "1.1.0", "aa"}, ""},
		{"old RAUC", "/good", true, Bundle{board, "1.1.0", ""}, ""},
		{"rogue", "/rogue", false, Bundle{}, "read bundle: the bundle was signed by somebody this device does not trust (RAUC: signature"},
		{"missing", "/nothing", false, Bundle{}, "read bundle: there is no such bundle, or it cannot be read (RAUC: Invalid"},
		{"old RAUC, missing", "/nothing", true, Bundle{}, "read bundle: RAUC: rauc info error"},
		{"no board", "/odd", false, Bundle{}, "read bundle: RAUC does not say which board it is for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bus := rauctest.StartBus(t)
			s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles(), Old: tt.old})
			s.Refuse(1)
			got, err := New(bus.Address).Inspect(limited(t), tt.source, Access{CA: "/ca.pem"})
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// checkError compares the beginning of an error; "" is none.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got error %q, want none", err)
	case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
		t.Errorf("got error %v, want %q", err, want)
	}
}

func TestInstall(t *testing.T) {
	tests := []struct {
		name, source string
		hash         string
		noHash       bool
		primary, err string
	}{
		{"good", "/good", "", false, "B", ""},
		{"right hash", "/good", "AA", false, "B", ""},
		{"wrong hash", "/good", "bb", false, "A", "install bundle: this is not the bundle that the manifest promised (RAUC: Refusing"},
		{"no hashes in this RAUC", "/good", "aa", true, "A", "begin installation: this RAUC is too old or was built without it (RAUC: Unsupported key"},
		{"broken", "/broken", "", false, "A", "install bundle: the content of the bundle is not what was signed, or the connection or the card broke down (RAUC: Inst"},
		{"no reason given", "/silent", "", false, "A", "install bundle: RAUC does not say why"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bus := rauctest.StartBus(t)
			s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles(), NoHash: tt.noHash})
			last := -1
			err := New(bus.Address).Install(limited(t), tt.source, Options{Access{"/ca.pem"}, tt.hash}, func(p Progress) {
				if p.Percent < last {
					t.Errorf("progress went back from %d to %d", last, p.Percent)
				}
				last = p.Percent
			})
			checkError(t, err, tt.err)
			s.Wait()
			if got := s.Primary(); got != tt.primary {
				t.Errorf("slot %s starts next, want %s", got, tt.primary)
			}
			if tt.err == "" && last != 100 {
				t.Errorf("progress ended at %d", last)
			}
			for _, r := range s.Requests() {
				if r["tls-ca"].Value() != "/ca.pem" {
					t.Errorf("arguments: %v", r)
				}
			}
		})
	}
}

func TestServiceDiesWhileInstalling(t *testing.T) {
	bus := rauctest.StartBus(t)
	hold := make(chan struct{})
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles(), Hold: hold})
	err := New(bus.Address).Install(limited(t), "/good", Options{}, func(p Progress) {
		if p.Percent == 40 {
			s.Stop()
		}
	})
	checkError(t, err, "install bundle: RAUC stopped before it was done")
	close(hold)
	s.Wait()
}

func TestBusDiesWhileInstalling(t *testing.T) {
	bus := rauctest.StartBus(t)
	hold := make(chan struct{})
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles(), Hold: hold})
	err := New(bus.Address).Install(limited(t), "/good", Options{}, func(p Progress) {
		if p.Percent == 40 {
			bus.Stop()
		}
	})
	checkError(t, err, "install bundle: D-Bus went away")
	close(hold)
	s.Wait()
}

func TestInstallEndsWithItsContext(t *testing.T) {
	bus := rauctest.StartBus(t)
	hold := make(chan struct{})
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles(), Hold: hold})
	ctx, cancel := context.WithCancel(t.Context())
	err := New(bus.Address).Install(ctx, "/good", Options{}, func(p Progress) {
		if p.Percent == 40 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, err := New(bus.Address).State(limited(t)); err != nil || got.Operation != OperationInstalling || len(got.Slots) != 0 {
		t.Errorf("meanwhile: %+v, %v", got, err)
	}
	close(hold)
	s.Wait()
}

func TestUnavailable(t *testing.T) {
	bus := rauctest.StartBus(t)
	for name, address := range map[string]string{"no service": bus.Address, "no bus": "unix:path=" + t.TempDir() + "/nothing"} {
		c := New(address)
		_, err := c.State(limited(t))
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: State: %v", name, err)
		}
		_, err = c.Inspect(limited(t), "/good", Access{})
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: Inspect: %v", name, err)
		}
		if err := c.Install(limited(t), "/good", Options{}, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: Install: %v", name, err)
		}
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/nothing")
	if _, err := New("").State(limited(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("system bus: %v", err)
	}
}

// TestWatch follows an installation by somebody else, and the service's end.
func TestWatch(t *testing.T) {
	bus := rauctest.StartBus(t)
	s := rauctest.Start(t, bus, rauctest.Options{Compatible: board, Bundles: bundles()})
	ctx, cancel := context.WithCancel(limited(t))
	c := New(bus.Address)
	got := make(chan Activity, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Watch(ctx, func(a Activity) { got <- a })
	}()
	// The watch may not stand yet: install until it tells.
	var first Activity
	for first == (Activity{}) {
		if err := c.Install(limited(t), "/good", Options{}, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case first = <-got:
		default:
		}
	}
	for a := first; !a.Done; a = <-got {
	}
	if err := c.Install(limited(t), "/broken", Options{}, nil); err == nil {
		t.Fatal("the broken bundle was installed")
	}
	var seen []Activity
	for len(seen) == 0 || !seen[len(seen)-1].Done || seen[len(seen)-1].OK {
		seen = append(seen, <-got)
	}
	s.Stop()
	for a := (Activity{}); a != (Activity{Done: true}); a = <-got {
	}
	bus.Stop()
	for a := (Activity{}); a != (Activity{Done: true}); a = <-got {
	}
	cancel()
	<-ended
}

func TestSignalsWithoutSense(t *testing.T) {
	for _, s := range []*dbus.Signal{
		{Name: "org.example.Other"},
		{Name: busIface + ".NameOwnerChanged", Body: []any{1, 2, 3}},
		{Name: busIface + ".NameOwnerChanged", Body: []any{"org.example", ":1.2", ""}},
		{Name: iface + ".Completed", Body: []any{"0"}},
		{Name: iface + ".Completed"},
		{Name: propsIface + ".PropertiesChanged", Body: []any{iface, 7, nil}},
		{Name: propsIface + ".PropertiesChanged", Body: []any{iface, map[string]dbus.Variant{
			"Progress": dbus.MakeVariant("half"), "Operation": dbus.MakeVariant(3)}, nil}},
		{Name: propsIface + ".PropertiesChanged", Body: []any{iface, map[string]dbus.Variant{
			"Progress": dbus.MakeVariant([]any{"1", 2, int32(3)})}, nil}},
	} {
		if got := read(s); got != (event{}) {
			t.Errorf("%+v: got %+v", s, got)
		}
	}
	if got := activityOf(read(&dbus.Signal{Name: busIface + ".NameOwnerChanged", Body: []any{busName, "", ":1.2"}})); got != (Activity{Came: true}) {
		t.Errorf("the service starts: %+v", got)
	}
	v := dbus.MakeVariant([]any{int32(300), "x", int32(1)})
	if got := progressOf(v); got == nil || got.Percent != 100 {
		t.Errorf("300 %% is %+v", got)
	}
}
