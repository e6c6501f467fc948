package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandsReachDevice(t *testing.T) {
	tests := []struct {
		args   string // split at spaces
		asked  string
		stdout string
	}{
		{"press front", `press front`, ""},
		{"relay door", `relay door`, ""},
		{"call Anna", `call ["Anna"] type="" conference=false bandwidth=0 ext=map[]`, "0c3a-1\nevil\\x1b[2J\n"},
		{"call Anna 102 --audio --conference --bandwidth 500 --ext floor=2 --ext note=a=b",
			`call ["Anna" "102"] type="audio" conference=true bandwidth=500 ext=map[floor:2 note:a=b]`, "0c3a-1\nevil\\x1b[2J\n"},
		{"call --ext list=a,b Anna", `call ["Anna"] type="" conference=false bandwidth=0 ext=map[list:a,b]`, "0c3a-1\nevil\\x1b[2J\n"},
		{"accept", `accept session="" kind="" ext=map[]`, ""},
		{"accept s-1 --ext a=", `accept session="s-1" kind="" ext=map[a:]`, ""},
		{"reject --ext why=asleep", `reject session="" kind="" ext=map[why:asleep]`, ""},
		{"stop s-1", `stop session="s-1" kind="" ext=map[]`, ""},
		{"stop -- -s", `stop session="-s" kind="" ext=map[]`, ""},
		{"update s=1 a=1 b==", `update session="s=1" kind="" ext=map[a:1 b:=]`, ""},
		{"mute", `mute session="" kind="audio" ext=map[]`, ""},
		{"mute s-1 --video", `mute session="s-1" kind="video" ext=map[]`, ""},
		{"unmute --video", `unmute session="" kind="video" ext=map[]`, ""},
		{"unmute s-1", `unmute session="s-1" kind="audio" ext=map[]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			dev := newFakeDevice()
			args := append([]string{"--socket", serve(t, dev)}, strings.Fields(tt.args)...)
			got := try(t, t.Context(), nil, args...)
			if want := (outcome{0, tt.stdout, ""}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if asked := strings.Join(dev.requests(), "; "); asked != tt.asked {
				t.Errorf("device was asked\n%s, want\n%s", asked, tt.asked)
			}
		})
	}
}

func TestRefusalsAreFailures(t *testing.T) {
	socket := serve(t, newFakeDevice())
	tests := []struct{ args, stderr string }{
		{"press back", "intercomd press: no button \"back\"; there is: front, side\n"},
		{"relay gate", "intercomd relay: no relay \"gate\"; there is: door\n"},
		{"accept gone", "intercomd accept: no session \"gone\"; there is none\n"},
		{"accept busy", "intercomd accept: not now\n"},
		{"mute gone", "intercomd mute: no session \"gone\"; there is none\n"},
		{"update /no/such/file", "intercomd update: find file: stat /no/such/file: no such file or directory\n"},
		{"update https://updates.example/busy.raucb", "intercomd update: one is under way\n"},
		{"update gone a=b", "intercomd update: no session \"gone\"; there is none\n"},
		{"run --config x.yaml", "intercomd run: "},
		{"check-config /no/such/file", "read configuration: stat /no/such/file: no such file or directory\nintercomd check-config: /no/such/file has 1 problem\n"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := try(t, t.Context(), map[string]string{socketVariable: socket}, strings.Fields(tt.args)...)
			if got.code != exitFailure || got.stdout != "" || !strings.HasPrefix(got.stderr, tt.stderr) {
				t.Errorf("got %+v, want code 1 and %q", got, tt.stderr)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct{ args, line, usage string }{
		{"", "intercomd: a command is missing", "Usage: intercomd COMMAND [flags]"},
		{"--loud", "intercomd: unknown flag: --loud", "Usage: intercomd COMMAND [flags]"},
		{"pres front", `intercomd: unknown command "pres"; did you mean press?`, "Run 'intercomd help'"},
		{"Status", `intercomd: unknown command "Status"; did you mean status?`, "Run 'intercomd help'"},
		{"check_config f", `intercomd: unknown command "check_config"; did you mean check-config?`, "Run 'intercomd help'"},
		{"xyzzy", `intercomd: unknown command "xyzzy"`, "Run 'intercomd help'"},
		{"\x1b[2J", `intercomd: unknown command "\x1b[2J"`, "Run 'intercomd help'"},
		{"help stat", `intercomd help: unknown command "stat"; did you mean status?`, "Usage: intercomd help [COMMAND]"},
		{"press", "intercomd press: BUTTON is missing", "Usage: intercomd press BUTTON [flags]"},
		{"press a b", "intercomd press: too many arguments", "Usage: intercomd press BUTTON [flags]"},
		{"press --often 2 a", "intercomd press: unknown flag: --often", "Usage: intercomd press BUTTON [flags]"},
		{"relay", "intercomd relay: RELAY is missing", "Usage: intercomd relay RELAY [flags]"},
		{"call", "intercomd call: USER… is missing", "Usage: intercomd call USER… [flags]"},
		{"call Anna --bandwidth -1", "intercomd call: invalid argument", "--bandwidth kbit/s"},
		{"call Anna --bandwidth", "intercomd call: flag needs an argument: --bandwidth", "--bandwidth kbit/s"},
		{"call Anna --ext floor", `intercomd call: "floor" is not key=value`, "--ext key=value"},
		{"accept a b", "intercomd accept: too many arguments", "Usage: intercomd accept [SESSION] [flags]"},
		{"accept --ext =b", `intercomd accept: "=b" has no key before the '='`, "Usage: intercomd accept"},
		{"stop --ext a=1 --ext a=2", `intercomd stop: key "a" is given twice`, "Usage: intercomd stop"},
		{"update s a", `intercomd update: "a" is not key=value`, "Usage: intercomd update [URL|FILE | SESSION KEY=VALUE…]"},
		{"update s a=b --check", "intercomd update: --check is for updates of the software: at most one URL or FILE", "Usage: intercomd update"},
		{"setup now", "intercomd setup: too many arguments", "Usage: intercomd setup"},
		{"status now", "intercomd status: too many arguments", "Usage: intercomd status [flags]"},
		{"run", "intercomd run: --config is missing", "Usage: intercomd run [flags]"},
		{"run x --config f", "intercomd run: too many arguments", "Usage: intercomd run [flags]"},
		{"run --config f --set a", `intercomd run: "a" is not key=value`, "--set key=value"},
		{"check-config", "intercomd check-config: FILE is missing", "Usage: intercomd check-config FILE"},
		{"check-config f --set =", `intercomd check-config: "=" has no key before the '='`, "--set key=value"},
		{"version --socket s", "intercomd version: unknown flag: --socket", "Usage: intercomd version [flags]"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := try(t, t.Context(), nil, strings.Fields(tt.args)...)
			line, usage, _ := strings.Cut(got.stderr, "\n\n")
			if got.code != exitUsage || got.stdout != "" {
				t.Errorf("got code %d and output %q, want code 2 and none", got.code, got.stdout)
			}
			if !strings.HasPrefix(line, tt.line) || strings.Contains(line, "\n") {
				t.Errorf("got %q, want %q", line, tt.line)
			}
			if !strings.Contains(usage, tt.usage) {
				t.Errorf("usage is %q, want it to hold %q", usage, tt.usage)
			}
		})
	}
}

func TestSocketPath(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	named := write("named.yaml", "quickblox: {password_file: /no/such/file}\ncontrol: {socket: /from/file}\n")
	near := write("near.yaml", "control: {socket: run/s}\n")
	silent := write("silent.yaml", "device: {name: Door}\n")
	broken := write("broken.yaml", "control: [\n")
	wrong := write("wrong.yaml", "control: {socket: [1]}\n")
	env := []string{socketVariable + "=/before", "X" + socketVariable + "=/other", socketVariable + "=/from/env"}
	tests := []struct {
		name           string
		env            []string
		socket, config string
		want, err      string
	}{
		{"flag before all", env, "/from/flag", named, "/from/flag", ""},
		{"environment before file", env, "", named, "/from/env", ""},
		{"file before default", nil, "", named, "/from/file", ""},
		{"path relative to the file", nil, "", near, filepath.Join(dir, "run/s"), ""},
		{"file without socket", nil, "", silent, defaultSocket, ""},
		{"nothing", nil, "", "", defaultSocket, ""},
		{"no such file", nil, "", dir + "/x", "", "find control socket: open " + dir + "/x: no such file or directory"},
		{"not YAML", nil, "", broken, "", "find control socket: " + broken + " is not understood"},
		{"not a text", nil, "", wrong, "", "find control socket: " + wrong + " is not understood"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &cli{environ: tt.env, socket: tt.socket, config: tt.config}
			got, err := c.socketPath()
			if got != tt.want {
				t.Errorf("socket is %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("error is %v, want %q", err, tt.err)
			}
		})
	}
}

// Every command that talks to the daemon finds it by the file alone, and says
// what is wrong when it does not run.
func TestRemoteCommandsWithoutDaemon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, []byte("control: {socket: "+socket+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range commands() {
		if cmd.globals != remote {
			continue
		}
		args := map[string][]string{"press": {"front"}, "relay": {"door"}, "call": {"Anna"}, "update": {"s", "a=b"}}[cmd.name]
		byVariable := try(t, t.Context(), map[string]string{configVariable: config}, append([]string{cmd.name}, args...)...)
		for _, config := range []string{config, config + "x"} {
			got := try(t, t.Context(), nil, append([]string{cmd.name, "--config", config}, args...)...)
			want := "intercomd " + cmd.name + ": connect to intercomd at " + socket + ": is it running? (no such file or directory)\n"
			if strings.HasSuffix(config, "x") {
				want = "intercomd " + cmd.name + ": find control socket: open " + config + ": no such file or directory\n"
			}
			if got != (outcome{1, "", want}) {
				t.Errorf("got %+v, want %q", got, want)
			}
			if !strings.HasSuffix(config, "x") && got != byVariable {
				t.Errorf("with %s got %+v, want %+v", configVariable, byVariable, got)
			}
		}
	}
}

func TestRunUsesTheProcess(t *testing.T) {
	t.Setenv(socketVariable, "/no/such/socket")
	var stdout, stderr bytes.Buffer
	code := run([]string{"status"}, &bytes.Buffer{}, &stdout, &stderr)
	want := "intercomd status: connect to intercomd at /no/such/socket: is it running? (no such file or directory)\n"
	if code != 1 || stdout.Len() > 0 || stderr.String() != want {
		t.Errorf("got %d %q %q, want 1 and %q", code, &stdout, &stderr, want)
	}
}
