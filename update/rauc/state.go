package rauc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// busyRetry is how long a call is repeated that RAUC refuses because it is still
// clearing up after another one.
const (
	busyTries = 10
	busyPause = 300 * time.Millisecond
)

// Slot is one bootable slot.
type Slot struct {
	Name      string    // in RAUC, e.g. rootfs.0
	Boot      string    // in the boot loader, e.g. A
	Booted    bool      // it is running
	Good      bool      // the boot loader calls it good
	Version   string    // of the bundle that was installed last; "" when none was
	Hash      string    // of that bundle's manifest, hex; "" when RAUC is older than 1.9
	Installed time.Time // zero when nothing was
}

// State is what RAUC knows of the system.
type State struct {
	Compatible string
	Operation  string // idle or installing
	Slots      []Slot // those with a boot name, in RAUC's order
	Primary    string // boot name of the slot that starts next; "" when the boot loader does not say
}

// Booted returns the slot that runs.
func (s State) Booted() (Slot, bool) {
	for _, slot := range s.Slots {
		if slot.Booted {
			return slot, true
		}
	}
	return Slot{}, false
}

// Slot returns a slot by its boot name.
func (s State) Slot(boot string) (Slot, bool) {
	for _, slot := range s.Slots {
		if slot.Boot == boot {
			return slot, true
		}
	}
	return Slot{}, false
}

// State asks for everything there is to know. While something is being
// installed only Compatible and Operation are filled in.
func (c *Client) State(ctx context.Context) (State, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return State{}, err
	}
	defer conn.Close()
	var props map[string]dbus.Variant
	if err := callOn(ctx, conn, propsIface+".GetAll", []any{iface}, &props); err != nil {
		return State{}, err
	}
	s := State{Compatible: text(props, "Compatible"), Operation: text(props, "Operation")}
	if s.Operation == OperationInstalling {
		return s, nil
	}
	return s, whenFree(ctx, func() error { return readSlots(ctx, conn, &s) })
}

// readSlots fills in what RAUC asks the boot loader for.
func readSlots(ctx context.Context, conn *dbus.Conn, s *State) error {
	var slots []struct {
		Name string
		Dict map[string]dbus.Variant
	}
	if err := callOn(ctx, conn, iface+".GetSlotStatus", nil, &slots); err != nil {
		return fmt.Errorf("read slots: %w", err)
	}
	s.Slots = nil
	for _, raw := range slots {
		if slot := slotOf(raw.Name, raw.Dict); slot.Boot != "" {
			s.Slots = append(s.Slots, slot)
		}
	}
	var primary string
	err := callOn(ctx, conn, iface+".GetPrimary", nil, &primary)
	var refusal *Error
	switch {
	case errors.As(err, &refusal) && !refusal.busy():
		return nil // the boot loader has no word on it
	case err != nil:
		return fmt.Errorf("read primary slot: %w", err)
	}
	for _, slot := range s.Slots {
		if slot.Name == primary {
			s.Primary = slot.Boot
		}
	}
	return nil
}

func slotOf(name string, dict map[string]dbus.Variant) Slot {
	installed, err := time.Parse(time.RFC3339, text(dict, "installed.timestamp"))
	if err != nil {
		installed = time.Time{}
	}
	return Slot{
		Name:      name,
		Boot:      text(dict, "bootname"),
		Booted:    text(dict, "state") == "booted",
		Good:      text(dict, "boot-status") == "good",
		Version:   text(dict, "bundle.version"),
		Hash:      text(dict, "bundle.hash"),
		Installed: installed,
	}
}

// text is a string of a dictionary, "" when it is missing or something else.
func text(dict map[string]dbus.Variant, key string) string {
	s, _ := dict[key].Value().(string)
	return strings.TrimSpace(s)
}

// MarkGood says that the slot that runs has proved itself.
func (c *Client) MarkGood(ctx context.Context) error {
	return whenFree(ctx, func() error {
		if err := c.call(ctx, iface+".Mark", []any{"good", "booted"}, new(string), new(string)); err != nil {
			return fmt.Errorf("mark slot good: %w", err)
		}
		return nil
	})
}

// Activate chooses the slot, by its name in RAUC, that starts next.
func (c *Client) Activate(ctx context.Context, slot string) error {
	return whenFree(ctx, func() error {
		if err := c.call(ctx, iface+".Mark", []any{"active", slot}, new(string), new(string)); err != nil {
			return fmt.Errorf("choose slot %s: %w", slot, err)
		}
		return nil
	})
}

// whenFree repeats f while RAUC is clearing up, which it does for a moment
// after it has said that an installation is over.
func whenFree(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		var refusal *Error
		if !errors.As(err, &refusal) || !refusal.busy() || try == busyTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPause):
		}
	}
}
