package rauctest

import (
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// slotName gives RAUC's name of a slot.
func slotName(boot string) string { return map[string]string{"A": "rootfs.0", "B": "rootfs.1"}[boot] }

func other(boot string) string { return map[string]string{"A": "B", "B": "A"}[boot] }

type namedDict struct {
	Name string
	Dict map[string]dbus.Variant
}

func (s *Service) slotStatus() ([]namedDict, *dbus.Error) {
	if err := s.free(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []namedDict
	for _, boot := range []string{"B", "A"} {
		slot := s.slots[boot]
		dict := map[string]dbus.Variant{
			"class": dbus.MakeVariant("rootfs"), "bootname": dbus.MakeVariant(boot),
			"state": dbus.MakeVariant("inactive"), "boot-status": dbus.MakeVariant("good"),
		}
		if boot == s.booted {
			dict["state"] = dbus.MakeVariant("booted")
		}
		if slot.Version != "" {
			dict["bundle.version"] = dbus.MakeVariant(slot.Version)
			dict["bundle.hash"] = dbus.MakeVariant(slot.Hash)
			dict["installed.timestamp"] = dbus.MakeVariant(slot.Installed.UTC().Format(time.RFC3339))
		}
		list = append(list, namedDict{slotName(boot), dict})
	}
	list = append(list, namedDict{"boot.0", map[string]dbus.Variant{"parent": dbus.MakeVariant("rootfs.0")}})
	return list, nil
}

func (s *Service) getPrimary() (string, *dbus.Error) {
	if err := s.free(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.primary == "" {
		return "", refuse("Failed getting primary slot: Failed to obtain primary entry")
	}
	return slotName(s.primary), nil
}

func (s *Service) mark(state, slot string) (string, string, *dbus.Error) {
	if err := s.free(); err != nil {
		return "", "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	boot := s.booted
	switch slot {
	case "booted":
	case "other":
		boot = other(boot)
	case "rootfs.0":
		boot = "A"
	case "rootfs.1":
		boot = "B"
	default:
		return "", "", refuse("Invalid slot name format: '" + slot + "'")
	}
	s.marks = append(s.marks, state+" "+boot)
	if state != "bad" {
		s.primary = boot
	}
	return slotName(boot), "marked slot " + slotName(boot) + " as " + state, nil
}

func (s *Service) info(source string) (string, string, *dbus.Error) {
	if err := s.free(); err != nil {
		return "", "", err
	}
	b, ok := s.options.Bundles[source]
	if !ok || b.Refusal != "" {
		return "", "", refuse("rauc info error")
	}
	return b.Compatible, b.Version, nil
}

func (s *Service) inspectBundle(source string, _ map[string]dbus.Variant) (map[string]dbus.Variant, *dbus.Error) {
	if err := s.free(); err != nil {
		return nil, err
	}
	b, text := s.bundle(source)
	if text != "" {
		return nil, refuse(text)
	}
	inner := map[string]dbus.Variant{"compatible": dbus.MakeVariant(b.Compatible), "version": dbus.MakeVariant(b.Version)}
	return map[string]dbus.Variant{
		"manifest-hash": dbus.MakeVariant(b.Hash),
		"update":        dbus.MakeVariant(dbus.MakeVariant(inner)), // RAUC wraps it twice
	}, nil
}

// bundle looks a source up; text is RAUC's refusal.
func (s *Service) bundle(source string) (b Bundle, text string) {
	b, ok := s.options.Bundles[source]
	if !ok {
		return b, "Invalid bundle format: Failed to open bundle for reading: No such file or directory"
	}
	return b, b.Refusal
}

func (s *Service) installBundle(source string, args map[string]dbus.Variant) *dbus.Error {
	if err := s.free(); err != nil {
		return refuse("Already processing a different method")
	}
	if _, found := args["require-manifest-hash"]; found && s.options.NoHash {
		return refuse("Unsupported key: require-manifest-hash")
	}
	s.mu.Lock()
	s.operation = "installing"
	s.requests = append(s.requests, args)
	s.mu.Unlock()
	s.changed(map[string]dbus.Variant{"Operation": dbus.MakeVariant("installing")})
	s.jobs.Go(func() { s.install(source, args) })
	return nil
}

func (s *Service) install(source string, args map[string]dbus.Variant) {
	s.step(0, "Installing")
	s.step(40, "Checking bundle done.")
	if s.options.Hold != nil {
		<-s.options.Hold
	}
	b, text := s.bundle(source)
	if text == "" {
		text = b.Broken
	}
	if want, ok := args["require-manifest-hash"].Value().(string); ok && text == "" && !strings.EqualFold(want, b.Hash) {
		text = "Refusing to install bundle with unexpected hash (expected " + want + ", got " + b.Hash + ")"
	}
	result := int32(0)
	if text != "" {
		result = 1
	}
	s.mu.Lock()
	s.lastError = text
	if text == "" {
		target := other(s.booted)
		s.slots[target] = &Slot{Version: b.Version, Hash: b.Hash, Installed: time.Now()}
		if !s.options.Inert {
			s.primary = target
		}
	}
	s.operation = "idle"
	s.mu.Unlock()
	if text == "" {
		s.step(100, "Installing done.")
	}
	s.emit(iface+".Completed", result)
	s.changed(map[string]dbus.Variant{"Operation": dbus.MakeVariant("idle")})
}

func (s *Service) step(percent int32, message string) {
	s.mu.Lock()
	s.progress.Percent, s.progress.Message, s.progress.Depth = percent, message, 1
	p := s.progress
	s.mu.Unlock()
	s.changed(map[string]dbus.Variant{"Progress": dbus.MakeVariant(p)})
}

func (s *Service) changed(what map[string]dbus.Variant) {
	s.emit(props+".PropertiesChanged", iface, what, []string{})
}

// emit sends a signal; one that a stopped service cannot send is lost.
func (s *Service) emit(name string, values ...any) { _ = s.conn.Emit(path, name, values...) }

func (s *Service) getAll(string) (map[string]dbus.Variant, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]dbus.Variant{
		"Operation": dbus.MakeVariant(s.operation), "LastError": dbus.MakeVariant(s.lastError),
		"Progress": dbus.MakeVariant(s.progress), "Compatible": dbus.MakeVariant(s.options.Compatible),
		"Variant": dbus.MakeVariant(""), "BootSlot": dbus.MakeVariant(s.booted),
	}, nil
}

func (s *Service) get(interfaceName, name string) (dbus.Variant, *dbus.Error) {
	all, _ := s.getAll(interfaceName)
	v, ok := all[name]
	if !ok {
		return dbus.Variant{}, refuse("no property " + name)
	}
	return v, nil
}
