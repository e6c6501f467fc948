package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

func setupCompletion(*pflag.FlagSet) action {
	return func(_ context.Context, c *cli, args []string) error {
		if len(args) != 1 {
			return usagef("SHELL is missing")
		}
		script, err := completionFor(args[0], commands())
		if err != nil {
			return err
		}
		_, err = io.WriteString(c.stdout, script)
		return err
	}
}

// completionFor writes the completion of the commands for a shell: bash, zsh or
// fish.
func completionFor(shell string, list []command) (string, error) {
	c := newCompletion(list)
	switch shell {
	case "bash":
		return c.bash(), nil
	case "zsh":
		return c.zsh(), nil
	case "fish":
		return c.fish(), nil
	}
	return "", usagef("no completion for %q; there is: bash, zsh, fish", shell)
}

// completion is the table of commands as shells want it.
type completion struct {
	names    []string
	commands []completedCommand
}

type completedCommand struct {
	name, short string
	flags       []completedFlag
	arguments   completedArguments
}

type completedFlag struct {
	name, short, usage string
	value              string // what it takes, "" for a switch
}

// isFile tells whether the value is the name of a file.
func (f completedFlag) isFile() bool {
	return f.value == "file" || f.value == "folder" || f.value == "socket"
}

// completedArguments is what can stand behind a command: some words, files, or
// what a shell does not know.
type completedArguments struct {
	words []string
	files bool
}

func newCompletion(list []command) completion {
	var c completion
	for _, cmd := range list {
		c.names = append(c.names, cmd.name)
	}
	for _, cmd := range list {
		c.commands = append(c.commands, completedCommand{
			name: cmd.name, short: cmd.short,
			flags: completedFlags(cmd.flagSet()), arguments: argumentsOf(cmd.args, c.names),
		})
	}
	return c
}

func completedFlags(fs *pflag.FlagSet) (list []completedFlag) {
	fs.VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		if !f.Hidden {
			list = append(list, completedFlag{f.Name, f.Shorthand, usage, value})
		}
	})
	return list
}

// argumentsOf reads the arguments as the usage shows them: a command's name is
// asked for by COMMAND, a shell's by SHELL, a file by FILE or DIR.
func argumentsOf(usage string, commands []string) completedArguments {
	switch {
	case strings.Contains(usage, "COMMAND"):
		return completedArguments{words: commands}
	case strings.Contains(usage, "SHELL"):
		return completedArguments{words: []string{"bash", "zsh", "fish"}}
	}
	return completedArguments{files: strings.Contains(usage, "FILE") || strings.Contains(usage, "DIR")}
}

// globalFlags stand before the command as well.
func globalFlags() []completedFlag {
	fs := newFlagSet("")
	(&cli{}).addGlobals(fs, remote)
	return completedFlags(fs)
}

// flagPatterns joins the flags that a function chooses as a pattern of a shell's
// case, with spaces around the bars.
func flagPatterns(flags []completedFlag, chosen func(completedFlag) bool) string {
	var names []string
	for _, f := range flags {
		if chosen(f) {
			names = append(names, "--"+f.name)
		}
		if chosen(f) && f.short != "" {
			names = append(names, "-"+f.short)
		}
	}
	return strings.Join(names, " | ")
}

// flagWords are the names of flags, as typed.
func flagWords(flags []completedFlag) string {
	return strings.ReplaceAll(flagPatterns(flags, func(completedFlag) bool { return true }), " | ", " ")
}

// bash writes a function that needs nothing but bash.
func (c completion) bash() string {
	var b strings.Builder
	globals := globalFlags()
	fmt.Fprintf(&b, `# Completion of intercomd for bash, written by "intercomd completion bash".
_intercomd() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command="" flags="%s" words="%s" files="" i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		%s) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	case $command in
	"") ;;
`, flagWords(globals), strings.Join(c.names, " "), flagPatterns(globals, func(completedFlag) bool { return true }))
	for _, cmd := range c.commands {
		files := ""
		if cmd.arguments.files {
			files = "yes"
		}
		fmt.Fprintf(&b, "\t%s) flags=%q words=%q files=%q ;;\n",
			cmd.name, flagWords(cmd.flags), strings.Join(cmd.arguments.words, " "), files)
	}
	b.WriteString("\tesac\n\tcase \"$command $previous\" in\n")
	c.bashValues(&b, "", globals)
	for _, cmd := range c.commands {
		c.bashValues(&b, cmd.name, cmd.flags)
	}
	b.WriteString(`	esac
	case $current in
	-*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current") ;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [ -z "$files" ] || compgen -f -- "$current")
		;;
	esac
}
complete -o filenames -F _intercomd intercomd
`)
	return b.String()
}

// bashValues writes the cases of a command's flags that take a value.
func (completion) bashValues(b *strings.Builder, command string, flags []completedFlag) {
	var files, others []string
	for _, f := range flags {
		pattern := fmt.Sprintf("%q", command+" --"+f.name)
		if f.isFile() {
			files = append(files, pattern)
		} else if f.value != "" {
			others = append(others, pattern)
		}
	}
	if len(files) > 0 {
		fmt.Fprintf(b, "\t%s) flags=\"\" words=\"\" files=yes ;;\n", strings.Join(files, " | "))
	}
	if len(others) > 0 {
		fmt.Fprintf(b, "\t%s) return ;;\n", strings.Join(others, " | "))
	}
}
