package main

import (
	"fmt"
	"strings"
)

// zsh writes a function for zsh's own completion system.
func (c completion) zsh() string {
	var b strings.Builder
	b.WriteString(`#compdef intercomd
# Completion of intercomd for zsh, written by "intercomd completion zsh".
_intercomd() {
	local curcontext=$curcontext state line
	typeset -A opt_args
	local -a commands=(
`)
	for _, cmd := range c.commands {
		fmt.Fprintf(&b, "\t\t%s\n", shellQuote(cmd.name+":"+zshText(cmd.short)))
	}
	b.WriteString("\t)\n\t_arguments -C")
	zshFlags(&b, globalFlags())
	b.WriteString(` \
		'1:command:->command' '*::argument:->argument'
	case $state in
	command) _describe command commands ;;
	argument)
		case $words[1] in
`)
	for _, cmd := range c.commands {
		fmt.Fprintf(&b, "\t\t%s) _arguments", cmd.name)
		zshFlags(&b, cmd.flags)
		switch {
		case cmd.arguments.files:
			b.WriteString(" '*:file:_files'")
		case len(cmd.arguments.words) > 0:
			b.WriteString(" '1:word:(" + strings.Join(cmd.arguments.words, " ") + ")'")
		default:
			b.WriteString(" '*:argument:'")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\t\tesac\n\t\t;;\n\tesac\n}\n_intercomd \"$@\"\n")
	return b.String()
}

func zshFlags(b *strings.Builder, flags []completedFlag) {
	for _, f := range flags {
		spec := "[" + zshText(f.usage) + "]"
		equals := ""
		if f.value != "" {
			equals = "="
			spec += ":" + zshText(f.value) + ":"
		}
		if f.isFile() {
			spec += "_files"
		}
		b.WriteString(" \\\n\t\t\t" + shellQuote("--"+f.name+equals+spec))
		if f.short != "" {
			b.WriteString(" " + shellQuote("-"+f.short+spec))
		}
	}
}

// zshText escapes what separates the fields of a zsh specification.
func zshText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`, "[", `\[`, "]", `\]`).Replace(s)
}

// shellQuote makes one word of a text, for all three shells.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// fish writes a line for each command and flag.
func (c completion) fish() string {
	var b strings.Builder
	b.WriteString("# Completion of intercomd for fish, written by \"intercomd completion fish\".\ncomplete -c intercomd -f\n")
	for _, f := range globalFlags() {
		b.WriteString("complete -c intercomd -n __fish_use_subcommand" + fishFlag(f) + "\n")
	}
	for _, cmd := range c.commands {
		fmt.Fprintf(&b, "complete -c intercomd -n __fish_use_subcommand -a %s -d %s\n", cmd.name, shellQuote(cmd.short))
	}
	for _, cmd := range c.commands {
		line := "complete -c intercomd -n '__fish_seen_subcommand_from " + cmd.name + "'"
		for _, f := range cmd.flags {
			b.WriteString(line + fishFlag(f) + "\n")
		}
		if cmd.arguments.files {
			b.WriteString(line + " -F\n")
		}
		if len(cmd.arguments.words) > 0 {
			b.WriteString(line + " -a " + shellQuote(strings.Join(cmd.arguments.words, " ")) + "\n")
		}
	}
	return b.String()
}

func fishFlag(f completedFlag) string {
	var b strings.Builder
	b.WriteString(" -l " + f.name)
	if f.short != "" {
		b.WriteString(" -s " + f.short)
	}
	switch {
	case f.isFile():
		b.WriteString(" -r -F")
	case f.value != "":
		b.WriteString(" -x")
	}
	return b.String() + " -d " + shellQuote(f.usage)
}
