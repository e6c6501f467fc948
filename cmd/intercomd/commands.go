package main

import (
	"context"
	"slices"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/control"
)

// commands lists the subcommands in the order of the help.
func commands() []command {
	return slices.Concat(daemonCommands(), callCommands(), installCommands(), viewCommands())
}

// daemonCommands are those that need the configuration.
func daemonCommands() []command {
	return []command{
		{
			name: "run", short: "run the device", globals: configOnly, setup: setupRun,
			long: `Runs the device until SIGINT or SIGTERM; then it hangs up every call and ends.
A second signal ends it at once. A changed configuration is read by itself, and
after SIGHUP: one that is wrong changes nothing, of one that is good contacts,
calls and the log follow at once, and the rest as soon as no call rings or is up.
Started from a terminal, SIGHUP does the same as SIGTERM. Whoever reads the log
may stop reading: what the device cannot write it counts, and says so later.`,
		},
		{
			name: "check-config", args: "FILE", short: "check a configuration file", maxArgs: 1,
			globals: configOnly, setup: setupCheckConfig,
			long: `Reads a configuration file as run would, secrets included, and names every
problem of it. FILE may be given as --config as well.`,
		},
		{
			name: "devices", short: "list cameras, sound cards and lines", globals: configOnly, setup: setupDevices,
			long: `Lists what the board has: cameras and hardware codecs, the way from camera to
H.264 that the configuration would take (or "auto", without one) and why, sound
cards, GPIO chips with the lines in use, and input devices. Needs no daemon.`,
		},
		{
			name: "selftest", short: "try camera, sound, lamps and buttons", globals: configOnly, setup: setupSelftest,
			long: `Takes a picture, counts what camera and encoder deliver, plays a sweep and
listens to it, lets the lamps blink and waits for a press of each button; relays
stay as they are. Without a configuration it tries what "auto" finds. Prints a
line for each part; the exit code is 1 when one failed. It needs the devices for
itself, so it refuses while intercomd runs.`,
		},
	}
}

// callCommands are those that make the device do something.
func callCommands() []command {
	list := []command{
		{
			name: "press", args: "BUTTON", short: "press a button", minArgs: 1, maxArgs: 1,
			globals: remote, setup: setupPress,
			long: `Presses a button: rings its contacts when the device is idle, stops the call when
one is up, accepts when one comes in.`,
		},
		{
			name: "relay", args: "RELAY", short: "let a relay pulse, to open a door", minArgs: 1, maxArgs: 1,
			globals: remote, setup: setupRelay,
			long: `Switches a relay on for as long as its configuration says, which opens a door.`,
		},
		{
			name: "call", args: "USER…", short: "call contacts", minArgs: 1, maxArgs: -1,
			globals: remote, setup: setupCall,
			long: `Calls contacts, by name or user id, and prints the ids of the sessions made for
it. Without --conference each of them is called in a session of its own, and the
first who accepts gets the call.`,
		},
	}
	for _, s := range []struct{ verb, short, long string }{
		{control.VerbAccept, "accept the call that comes in", "Accepts an incoming call."},
		{control.VerbReject, "reject the call that comes in", "Rejects an incoming call."},
		{control.VerbStop, "hang up", "Hangs up: all calls when no session is named."},
	} {
		list = append(list, command{
			name: s.verb, args: "[SESSION]", short: s.short, maxArgs: 1, globals: remote,
			long:  s.long + "\n\n" + whichSession,
			setup: setupExtended(s.verb),
		})
	}
	for _, s := range []struct{ verb, short, long string }{
		{control.VerbMute, "stop sending sound", "Stops sending sound, or the picture with --video."},
		{control.VerbUnmute, "send sound again", "Sends sound again, or the picture with --video."},
	} {
		list = append(list, command{
			name: s.verb, args: "[SESSION]", short: s.short, maxArgs: 1, globals: remote,
			long:  s.long + "\n\n" + whichSession,
			setup: setupMute(s.verb),
		})
	}
	return list
}

const whichSession = `SESSION is an id as status and call print it; it may be left out when only one
session can be meant.`

// viewCommands are those that only look.
func viewCommands() []command {
	return []command{
		{
			name: "status", short: "show what the device is doing", globals: remote, setup: setupStatus,
			long: `Shows the state of the device, its link to the XMPP server and its sessions; also
how far an update is, and what of a changed configuration is not in force.`,
		},
		{
			name: "events", short: "follow what happens", globals: remote, setup: setupEvents,
			long: `Prints one JSON object a line for each thing that happens from now on, under the
names of the SDK's listeners (onCall, onAcceptCall, …), until it is interrupted.
It fails when the device ends.`,
		},
		{
			name: "version", short: "print the version", setup: setupVersion,
			long: `Prints version, commit, Go version and platform of this binary.`,
		},
		{
			name: "help", args: "[COMMAND]", short: "describe a command", maxArgs: 1,
			long: `Describes a command, or lists them all.`,
			setup: func(*pflag.FlagSet) action {
				return func(_ context.Context, c *cli, args []string) error { return c.help(args) }
			},
		},
	}
}
