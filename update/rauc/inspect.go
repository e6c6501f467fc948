package rauc

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// Access says how a bundle is reached.
type Access struct {
	CA string // PEM file a web server is checked by; "" is the system's
}

func (a Access) args() map[string]dbus.Variant {
	args := map[string]dbus.Variant{}
	if a.CA != "" {
		args["tls-ca"] = dbus.MakeVariant(a.CA)
	}
	return args
}

// Bundle is what a bundle says about itself, once its signature is checked.
type Bundle struct {
	Compatible string
	Version    string
	Hash       string // of its manifest, hex; "" when RAUC is older than 1.9
}

// Inspect asks RAUC to verify the signature of a bundle and to tell what it is.
// source is a path or an https URL; RAUC reads it as root. A RAUC before 1.9
// knows paths only.
func (c *Client) Inspect(ctx context.Context, source string, access Access) (Bundle, error) {
	var b Bundle
	err := whenFree(ctx, func() error {
		var err error
		b, err = c.inspect(ctx, source, access)
		return err
	})
	return b, err
}

func (c *Client) inspect(ctx context.Context, source string, access Access) (Bundle, error) {
	var info map[string]dbus.Variant
	err := c.call(ctx, iface+".InspectBundle", []any{source, access.args()}, &info)
	if errors.Is(err, errUnknownMethod) {
		var b Bundle
		if err := c.call(ctx, iface+".Info", []any{source}, &b.Compatible, &b.Version); err != nil {
			return Bundle{}, fmt.Errorf("read bundle: %w", err)
		}
		return b, nil
	}
	if err != nil {
		return Bundle{}, fmt.Errorf("read bundle: %w", err)
	}
	update, _ := unwrap(info["update"]).(map[string]dbus.Variant)
	b := Bundle{Compatible: text(update, "compatible"), Version: text(update, "version"), Hash: text(info, "manifest-hash")}
	if b.Compatible == "" {
		return Bundle{}, errors.New("read bundle: RAUC does not say which board it is for")
	}
	return b, nil
}

// unwrap takes a value out of the variants around it.
func unwrap(v dbus.Variant) any {
	value := v.Value()
	for {
		inner, ok := value.(dbus.Variant)
		if !ok {
			return value
		}
		value = inner.Value()
	}
}
