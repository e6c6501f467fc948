package update

import (
	"context"
	"time"
)

// Config says where updates come from and when the device may restart.
type Config struct {
	Manifest string        // https URL of the signed manifest; "" polls nothing
	Channel  string        // "" is "stable"
	Interval time.Duration // between polls, ±25 %; 0 is 6 h, at least 5 min
	Window   Window        // restarts happen only here, unless a person asked
	CAFile   string        // PEM certificates the update servers are checked by; "" is the system's
	Keyring  string        // PEM certificates manifests must chain to; "" is /etc/rauc/keyring.pem
	StateDir string        // folder for update.json, device-id and downloads; it must exist

	// RuntimeDir is a folder that everybody may look into. RAUC reads from web
	// servers as user nobody, who may not read CAFile: a copy is put there. ""
	// is /run/intercomd.
	RuntimeDir string

	OSRelease string // file with IMAGE_ID and IMAGE_VERSION; "" is /etc/os-release
	Bus       string // D-Bus address RAUC is found at; "" is the system bus
}

// Ports are what the client needs of the device around it.
type Ports struct {
	// Health tells how the device is. It may take seconds and ends with ctx.
	Health func(ctx context.Context) Health
	// IfIdle runs f and returns true when nothing rings or is up, and else
	// returns false; no call begins while f runs.
	IfIdle func(f func()) bool
	// Restart asks for a restart of the machine and does not wait for it.
	Restart func() error
	// Changed is told each new status, in order, from the client's own
	// goroutine: it must not wait for anything. Nil is nobody.
	Changed func(Status)
}

// Health is how the device is, as far as an update must not make it worse.
type Health struct {
	Online   bool // the signalling link is up
	Camera   bool // it opened, or none is configured
	Sound    bool // it opened, or none is configured
	Fed      bool // the watchdog was fed lately, or none is configured
	Problems []string
}

const (
	defaultChannel  = "stable"
	defaultInterval = 6 * time.Hour
	minInterval     = 5 * time.Minute
	defaultKeyring  = "/etc/rauc/keyring.pem"
	defaultRelease  = "/etc/os-release"
	defaultRuntime  = "/run/intercomd"
)

func (c Config) withDefaults() Config {
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	c.Interval = max(c.Interval, minInterval)
	if c.Keyring == "" {
		c.Keyring = defaultKeyring
	}
	if c.RuntimeDir == "" {
		c.RuntimeDir = defaultRuntime
	}
	if c.OSRelease == "" {
		c.OSRelease = defaultRelease
	}
	return c
}
