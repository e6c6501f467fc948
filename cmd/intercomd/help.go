package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// help prints the list of commands, or the usage of one.
func (c *cli) help(args []string) error {
	text := overview()
	if len(args) > 0 {
		cmd, err := findCommand(args[0])
		if err != nil {
			return err
		}
		text = cmd.usage()
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}

// overview is the usage of the whole program.
func overview() string {
	var b strings.Builder
	b.WriteString("Usage: intercomd COMMAND [flags]\n\nCommands:\n")
	list(&b, false)
	b.WriteString("\nFor the system:\n")
	list(&b, true)
	b.WriteString(`
Where the daemon listens is taken from the first of: --socket, the environment's
INTERCOMD_CONTROL_SOCKET, control.socket in the configuration, and
` + defaultSocket + `. The configuration is the file of --config, or
of INTERCOMD_CONFIG.

Run 'intercomd help COMMAND' for the flags of a command.
`)
	return b.String()
}

// list writes a line for each command for people, or for the system.
func list(b *strings.Builder, system bool) {
	for _, cmd := range commands() {
		if cmd.system == system {
			fmt.Fprintf(b, "  %-13s %s\n", cmd.name, cmd.short)
		}
	}
}

// usage describes one command.
func (cmd command) usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: intercomd %s", cmd.name)
	if cmd.args != "" {
		b.WriteString(" " + cmd.args)
	}
	fs := cmd.flagSet()
	if fs.HasFlags() {
		b.WriteString(" [flags]")
	}
	fmt.Fprintf(&b, "\n\n%s\n", cmd.long)
	if fs.HasFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", fs.FlagUsages())
	}
	return b.String()
}

// flagSet has all flags of the command, for its description.
func (cmd command) flagSet() *pflag.FlagSet {
	fs := newFlagSet(cmd.name)
	cmd.setup(fs)
	(&cli{}).addGlobals(fs, cmd.globals)
	return fs
}

// findCommand finds a command by name; the error names the nearest one.
func findCommand(name string) (command, error) {
	best, bestDistance := "", len(name)/2+1
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, nil
		}
		d := distance(strings.ToLower(name), cmd.name)
		if name != "" && strings.HasPrefix(cmd.name, name) {
			d = 1 // the beginning of a name is closer than its letters say
		}
		if d < bestDistance {
			best, bestDistance = cmd.name, d
		}
	}
	if best != "" {
		return command{}, usagef("unknown command %q; did you mean %s?", name, best)
	}
	return command{}, usagef("unknown command %q", name)
}

// distance is the number of letters to insert, delete or replace to make b of
// a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // distances of a's beginning to b's beginnings
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
