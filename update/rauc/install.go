package rauc

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// The values of RAUC's property Operation.
const (
	OperationIdle       = "idle"
	OperationInstalling = "installing"
)

// signalQueue is how many signals wait here; godbus keeps the rest.
const signalQueue = 64

// Options are those of an installation.
type Options struct {
	Access
	Hash string // the bundle's manifest must have it; "" is any. RAUC 1.14 and newer
}

// Progress is one step of an installation.
type Progress struct {
	Percent int // 0–100
	Message string
}

// Install lets RAUC install a bundle into the slot that does not run and make
// it the one that starts next, and waits until that is done. progress, when not
// nil, is called from the same goroutine.
func (c *Client) Install(ctx context.Context, source string, o Options, progress func(Progress)) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	signals := make(chan *dbus.Signal, signalQueue)
	conn.Signal(signals)
	if err := subscribe(ctx, conn); err != nil {
		return err
	}
	args := o.args()
	if o.Hash != "" {
		args["require-manifest-hash"] = dbus.MakeVariant(o.Hash)
	}
	err = whenFree(ctx, func() error {
		return callOn(ctx, conn, iface+".InstallBundle", []any{source, args})
	})
	if err != nil {
		return fmt.Errorf("begin installation: %w", err)
	}
	if err := follow(ctx, conn, signals, progress); err != nil {
		return fmt.Errorf("install bundle: %w", err)
	}
	return nil
}

// subscribe asks the bus for all that RAUC tells, and for its end.
func subscribe(ctx context.Context, conn *dbus.Conn) error {
	for _, options := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(busName), dbus.WithMatchObjectPath(objectPath), dbus.WithMatchInterface(iface), dbus.WithMatchMember("Completed")},
		{dbus.WithMatchSender(busName), dbus.WithMatchObjectPath(objectPath), dbus.WithMatchInterface(propsIface), dbus.WithMatchMember("PropertiesChanged")},
		{dbus.WithMatchSender(busIface), dbus.WithMatchInterface(busIface), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)},
	} {
		if err := conn.AddMatchSignalContext(ctx, options...); err != nil {
			return fmt.Errorf("listen to RAUC: %w", err)
		}
	}
	return nil
}

// follow waits for the end of the installation.
func follow(ctx context.Context, conn *dbus.Conn, signals <-chan *dbus.Signal, progress func(Progress)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s, ok := <-signals:
			if !ok {
				return errors.New("D-Bus went away")
			}
			event := read(s)
			switch {
			case event.gone:
				return errors.New("RAUC stopped before it was done")
			case event.done && event.result == 0:
				return nil
			case event.done:
				return lastError(ctx, conn)
			case event.progress != nil && progress != nil:
				progress(*event.progress)
			}
		}
	}
}

// lastError asks why an installation failed.
func lastError(ctx context.Context, conn *dbus.Conn) error {
	var v dbus.Variant
	if err := callOn(ctx, conn, propsIface+".Get", []any{iface, "LastError"}, &v); err != nil {
		return fmt.Errorf("it failed, and RAUC does not say why: %w", err)
	}
	reason, _ := v.Value().(string)
	return explain(reason)
}
