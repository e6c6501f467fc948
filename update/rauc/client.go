package rauc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// Names of the service, from the RAUC manual.
const (
	busName    = "de.pengutronix.rauc"
	iface      = "de.pengutronix.rauc.Installer"
	objectPath = dbus.ObjectPath("/")

	busIface   = "org.freedesktop.DBus"
	propsIface = "org.freedesktop.DBus.Properties"
)

// ErrUnavailable says that this machine has no RAUC, or no D-Bus.
var ErrUnavailable = errors.New("RAUC is not installed here")

// Client speaks with RAUC. Its methods may be called by several goroutines.
type Client struct{ address string }

// New makes a client. address is the D-Bus address; "" is the system bus, where
// DBUS_SYSTEM_BUS_ADDRESS or its default say.
func New(address string) *Client { return &Client{address: address} }

// dial connects to the bus until ctx ends.
func (c *Client) dial(ctx context.Context) (*dbus.Conn, error) {
	// Progress must not overtake the end of an installation.
	options := []dbus.ConnOption{dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler())}
	var conn *dbus.Conn
	var err error
	if c.address == "" {
		conn, err = dbus.ConnectSystemBus(options...)
	} else {
		conn, err = dbus.Connect(c.address, options...)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to D-Bus: %w: %w", ErrUnavailable, err)
	}
	return conn, nil
}

// call makes one call over a connection of its own and stores the answer.
func (c *Client) call(ctx context.Context, method string, args []any, answer ...any) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return callOn(ctx, conn, method, args, answer...)
}

func callOn(ctx context.Context, conn *dbus.Conn, method string, args []any, answer ...any) error {
	result := conn.Object(busName, objectPath).CallWithContext(ctx, method, 0, args...)
	if result.Err != nil {
		return translate(ctx, result.Err)
	}
	if err := result.Store(answer...); err != nil {
		return fmt.Errorf("read answer of RAUC to %s: %w", method, err)
	}
	return nil
}

// translate makes one of this package's errors of a D-Bus error.
func translate(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var remote dbus.Error
	if !errors.As(err, &remote) {
		return fmt.Errorf("talk to RAUC: %w", err)
	}
	switch remote.Name {
	case busIface + ".Error.ServiceUnknown", busIface + ".Error.NameHasNoOwner", busIface + ".Error.Spawn.ServiceNotFound":
		return ErrUnavailable
	case busIface + ".Error.UnknownMethod":
		return fmt.Errorf("%w: %s", errUnknownMethod, remote.Error())
	case busIface + ".Error.AccessDenied":
		return fmt.Errorf("talk to RAUC: this user may not: %s", remote.Error())
	}
	if strings.HasPrefix(remote.Name, busIface+".Error.") {
		return fmt.Errorf("talk to RAUC: %s: %s", strings.TrimPrefix(remote.Name, busIface+".Error."), remote.Error())
	}
	return explain(remote.Error())
}

// errUnknownMethod is the answer of a RAUC that is too old for a call.
var errUnknownMethod = errors.New("RAUC does not know this call")
