package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/control"
)

// installCommands are those for installers and for the system around the
// program.
func installCommands() []command {
	return []command{
		{
			name: "provision", short: "write intercom.yaml and its QR code", setup: setupProvision,
			long: `Makes the configuration for a device's card, of flags and of answers to questions,
and a QR code of it that the camera of a new device can read instead.`,
		},
		{
			name: "schema", short: "print the schema of the configuration", setup: setupSchema,
			long: `Prints the JSON Schema of the configuration file, by which editors complete and
check it.`,
		},
		{
			name: control.VerbUpdate, args: "[URL|FILE | SESSION KEY=VALUE…]", short: "update the software; send own data during a call",
			maxArgs: -1, globals: remote, setup: setupEitherUpdate,
			long: `Updates the software of the device from a URL or a file, or, without either, to
what the manifest offers, and shows how that goes. What is asked for here waits
for the end of a call, not for the maintenance window.

With a SESSION it sends key/value data to everybody in it instead; clients get it
in onUpdateCall.`,
		},
		{
			name: "licenses", short: "print the licenses of what is linked", setup: setupLicenses,
			long: `Prints the licenses of all that the program contains.`,
		},
		{
			name: "completion", args: "SHELL", short: "complete command lines", minArgs: 1, maxArgs: 1,
			setup: setupCompletion,
			long: `Prints the completion for bash, zsh or fish, for example for
source <(intercomd completion bash).`,
		},
		{
			name: "setup", short: "import the card and set the system up", setup: setupSetup, system: true,
			long: `Imports the configuration from the card, carries out a factory reset that is asked
for, and writes the settings of the system for this boot. The image runs it as
root before anything else. It ends with exit code 0 whatever goes wrong, because
the system has to start all the same, and says what did. Without the folders of
card and data, on any other system, it refuses.`,
		},
	}
}

// setupEitherUpdate makes the two commands of one name: nothing or a source is
// an update of the software, a session and its data is one in a call.
func setupEitherUpdate(fs *pflag.FlagSet) action {
	software, data := setupFirmwareUpdate(fs), setupUpdate(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		if len(args) < 2 {
			return software(ctx, c, args)
		}
		if flag := firstChanged(fs, "check", "json"); flag != "" {
			return usagef("--%s is for updates of the software: at most one URL or FILE", flag)
		}
		return data(ctx, c, args)
	}
}

// firstChanged is the first of some flags that was given, "" if none was.
func firstChanged(fs *pflag.FlagSet, names ...string) string {
	for _, name := range names {
		if fs.Changed(name) {
			return name
		}
	}
	return ""
}
