package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// checkGenerated compares a committed file with what it should be. With UPDATE=1
// in the environment the file is written anew.
func checkGenerated(t *testing.T, name, want string) {
	t.Helper()
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the commands say; write it with UPDATE=1 go test ./cmd/intercomd -run Current", filepath.Clean(name))
	}
}

func TestCompletionsAreCurrent(t *testing.T) {
	for shell, name := range map[string]string{"bash": "intercomd.bash", "zsh": "_intercomd", "fish": "intercomd.fish"} {
		want, err := completionFor(shell, commands())
		if err != nil {
			t.Fatal(err)
		}
		checkGenerated(t, filepath.Join("../../packaging/completion", name), want)
	}
}

func TestCompletionCommand(t *testing.T) {
	do := setupCompletion(newFlagSet("completion"))
	tests := []struct {
		args []string
		err  string
	}{
		{[]string{"fish"}, ""},
		{nil, "SHELL is missing"},
		{[]string{"tcsh"}, `no completion for "tcsh"; there is: bash, zsh, fish`},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		err := do(t.Context(), &cli{stdout: &out}, tt.args)
		if tt.err == "" && (err != nil || !strings.Contains(out.String(), "-a status")) {
			t.Errorf("%q: %v and %q", tt.args, err, out.String())
		}
		if tt.err != "" && (err == nil || err.Error() != tt.err || out.Len() > 0) {
			t.Errorf("%q: %v, want %s", tt.args, err, tt.err)
		}
	}
}

// exampleCommands has one of everything that a shell must tell apart.
func exampleCommands() []command {
	none := func(*pflag.FlagSet) action { return nil }
	return []command{
		{name: "look", short: "look: don't touch [it]", globals: remote, setup: func(fs *pflag.FlagSet) action {
			fs.BoolP("json", "j", false, "print JSON")
			fs.String("only", "", "look at `part` only")
			return nil
		}},
		{name: "check", args: "FILE", short: "check a file", globals: configOnly, setup: none},
		{name: "help", args: "[COMMAND]", short: "describe", setup: none},
		{name: "completion", args: "SHELL", short: "complete", setup: none},
	}
}

// bash itself completes command lines with the script.
func TestBashCompletes(t *testing.T) {
	script, err := completionFor("bash", exampleCommands())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "my file.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		line string // words, separated by bars; the last one is completed
		want string
	}{
		{"", "look help check completion"},
		{"c", "check completion"},
		{"--", "--config --socket"},
		{"--config|my", "my file.yaml"},
		{"--config|x|ch", "check"},
		{"look|--", "--json --only --config --socket"},
		{"look|-j|--o", "--only"},
		{"look|--only|", ""},
		{"look|my", ""},
		{"check|m", "my file.yaml"},
		{"check|--s", ""},
		{"help|lo", "look"},
		{"--socket|s|completion|", "bash zsh fish"},
		{"unknown|x", ""},
	}
	const ask = `source ./script; COMP_WORDS=(intercomd "$@"); COMP_CWORD=$#; _intercomd; printf '%s\n' "${COMPREPLY[@]}"`
	for _, tt := range tests {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{"-uc", ask, "bash"}, strings.Split(tt.line, "|")...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v: %s", tt.line, err, out)
			continue
		}
		got, want := strings.Fields(string(out)), strings.Fields(tt.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q gave %q, want %q", tt.line, got, want)
		}
	}
}

func TestOtherShells(t *testing.T) {
	tests := []struct{ shell, want string }{
		{"zsh", "\n\t\t'look:look\\: don'\\''t touch \\[it\\]'\n"},
		{"zsh", " \\\n\t\t\t'--json[print JSON]' '-j[print JSON]' \\\n\t\t\t'--only=[look at part only]:part:' "},
		{"zsh", "check) _arguments \\\n\t\t\t'--config=[configuration file]:file:_files' '*:file:_files' ;;\n"},
		{"zsh", "help) _arguments '1:word:(look check help completion)' ;;\n"},
		{"fish", "\ncomplete -c intercomd -n __fish_use_subcommand -a look -d 'look: don'\\''t touch [it]'\n"},
		{"fish", "\ncomplete -c intercomd -n '__fish_seen_subcommand_from look' -l json -s j -d 'print JSON'\n"},
		{"fish", "\ncomplete -c intercomd -n '__fish_seen_subcommand_from look' -l only -x -d 'look at part only'\n"},
		{"fish", "\ncomplete -c intercomd -n '__fish_seen_subcommand_from check' -l config -r -F -d 'configuration file'\n"},
		{"fish", "\ncomplete -c intercomd -n '__fish_seen_subcommand_from check' -F\n"},
		{"fish", "\ncomplete -c intercomd -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"},
	}
	for _, tt := range tests {
		script, err := completionFor(tt.shell, exampleCommands())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(script, tt.want) {
			t.Errorf("%s has no %q:\n%s", tt.shell, tt.want, script)
		}
	}
}
