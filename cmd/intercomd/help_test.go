package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestHelp(t *testing.T) {
	list := try(t, t.Context(), nil, "help")
	if list.code != 0 || list.stderr != "" {
		t.Errorf("help: %+v", list)
	}
	for _, args := range []string{"--help", "-h", "help --help"} {
		got := try(t, t.Context(), nil, strings.Fields(args)...)
		if got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "Usage: intercomd ") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	for _, cmd := range commands() {
		if !strings.Contains(list.stdout, "\n  "+cmd.name+" ") || !strings.Contains(list.stdout, cmd.short) {
			t.Errorf("help does not list %s", cmd.name)
		}
		asked := try(t, t.Context(), nil, "help", cmd.name)
		if asked.code != 0 || !strings.HasPrefix(asked.stdout, "Usage: intercomd "+cmd.name) || !strings.Contains(asked.stdout, cmd.long) {
			t.Errorf("help %s: %+v", cmd.name, asked)
		}
		if flag := try(t, t.Context(), nil, cmd.name, "--help"); flag != asked {
			t.Errorf("%s --help is %+v, help %s is %+v", cmd.name, flag, cmd.name, asked)
		}
	}
}

func TestUsageOfCall(t *testing.T) {
	want := `Usage: intercomd call USER… [flags]

Calls contacts, by name or user id, and prints the ids of the sessions made for
it. Without --conference each of them is called in a session of its own, and the
first who accepts gets the call.

Flags:
      --audio              call without a picture
      --bandwidth kbit/s   limit of video in kbit/s; 0 is none
      --conference         one call that all join
      --config file        configuration file
      --ext key=value      own key=value to send along; may be repeated
      --socket socket      control socket of the daemon
`
	if got := try(t, t.Context(), nil, "help", "call").stdout; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1},
		{"abc", "ac", 1}, {"ac", "abc", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// The manual describes every command and every flag.
func TestManualIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(text)
	for _, cmd := range commands() {
		heading := strings.TrimSpace("### intercomd " + cmd.name + " " + cmd.args)
		_, section, found := strings.Cut(manual, "\n"+heading+"\n")
		if !found {
			t.Errorf("docs/cli.md has no section %q", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n### ")
		fs := newFlagSet(cmd.name)
		cmd.setup(fs)
		fs.VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(section, "`--"+f.Name) {
				t.Errorf("docs/cli.md does not describe %s --%s", cmd.name, f.Name)
			}
		})
	}
	for _, text := range []string{"`--socket", "`--config", socketVariable, configVariable, defaultSocket} {
		if !strings.Contains(manual, text) {
			t.Errorf("docs/cli.md does not mention %s", text)
		}
	}
}
