package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision"
	"github.com/intercomd/intercomd/provision/qr"
)

// secretFile writes a password into a file.
func secretFile(t *testing.T, password string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// provisionArgs are flags that suffice.
func provisionArgs(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{
		"provision", "--no-questions", "--name", "Front door", "--app-id", "7", "--user-id", "104",
		"--password-file", secretFile(t, "account secret"), "--contact", "Anna=101", "--contact", "Ben = 102",
		"--wifi", `The "Net"`, "--wifi-password-file", secretFile(t, `wifi: 'secret' #1`), "--country", "de",
		"--timezone", "Europe/Berlin", "--hostname", "front",
	}, more...)
}

// command runs a command line and returns what it printed.
func provisionRun(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestProvisionWritesWhatTheDeviceTakes(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := provisionRun(provisionArgs(t, "-o", dir, "--lamp", "23", "--relay", "24", "--mains", "50",
		"--address", "192.168.7.20/24", "--gateway", "192.168.7.1", "--dns", "192.168.7.1", "--update-manifest", "https://u.example.org/m")...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	file := filepath.Join(dir, "intercom.yaml")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	cfg, warnings, err := config.Load(file, nil, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", err, warnings)
	}
	if cfg.QuickBlox.Password.Reveal() != "account secret" || cfg.Network.WiFi.Password.Reveal() != `wifi: 'secret' #1` ||
		cfg.Network.WiFi.SSID != `The "Net"` || cfg.Network.WiFi.Country != "DE" || len(cfg.Contacts) != 2 ||
		cfg.Contacts[1].Name != "Ben" || cfg.Buttons[0].Line.Name != "17" || cfg.Network.Address.String() != "192.168.7.20/24" ||
		cfg.Lamps[0].Line.Name != "23" || len(cfg.Relays[0].Callers) != 2 || cfg.Update.Manifest != "https://u.example.org/m" {
		t.Errorf("%+v", cfg)
	}
	if !strings.Contains(stderr, "Put the card into the device") || strings.Contains(stderr, "secret") {
		t.Errorf("said\n%s", stderr)
	}
	if code, _, stderr := provisionRun(provisionArgs(t, "-o", dir)...); code != exitFailure || !strings.Contains(stderr, "is there already; --force replaces it") {
		t.Errorf("second time: %d, %s", code, stderr)
	}
	if code, _, stderr := provisionRun(provisionArgs(t, "-o", dir, "--force")...); code != exitOK {
		t.Errorf("with --force: %d, %s", code, stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestProvisionDrawsTheSame(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "code.png")
	code, stdout, stderr := provisionRun(provisionArgs(t, "-o", filepath.Join(dir, "x.yaml"), "--qr", picture, "--qr-terminal")...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	texts := qr.Decode(img)
	if len(texts) != 1 {
		t.Fatalf("read %q", texts)
	}
	body, found := strings.CutPrefix(texts[0], provision.PayloadPrefix)
	drawn, _, err := config.Read("code", []byte(body), "/", nil, nil)
	if !found || err != nil {
		t.Fatalf("%s: %v", texts[0], err)
	}
	written, _, err := config.Load(filepath.Join(dir, "x.yaml"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if changed := config.Changed(drawn, written); len(changed) > 0 {
		t.Errorf("code and file differ in %v", changed)
	}
	if !strings.Contains(stdout, "█") || !strings.Contains(stderr, "it has to be called intercom.yaml") {
		t.Errorf("printed %d bytes; said\n%s", len(stdout), stderr)
	}
}

func TestProvisionRefuses(t *testing.T) {
	long := make([]string, 0, 80)
	for i := range 40 {
		long = append(long, "--contact", fmt.Sprintf("Somebody with a very long name indeed, number %d=%d", i, 200+i))
	}
	private := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(private, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"provision", "--no-questions"}, exitUsage, "--app-id is missing"},
		{[]string{"provision", "--no-questions", "--app-id", "7", "--user-id", "1"}, exitUsage, "--password-file is missing"},
		{provisionArgs(t, "--country", ""), exitUsage, "--country is missing"},
		{provisionArgs(t, "--contact", "Anna"), exitUsage, `contact "Anna" is not NAME=USER_ID`},
		{provisionArgs(t, "--country", "xx"), exitFailure, "network.wifi.country"},
		{provisionArgs(t, "--wifi-password-file", secretFile(t, "short")), exitFailure, "network.wifi.password"},
		{provisionArgs(t, "--password-file", secretFile(t, "a\nb")), exitFailure, "is not one line of text"},
		{provisionArgs(t, "--password-file", "/nowhere"), exitFailure, "read password: open /nowhere"},
		{provisionArgs(t, "--ssh-key", private), exitFailure, "is the private key"},
		{provisionArgs(t, "-o", "/nowhere/x.yaml"), exitFailure, "write /nowhere/x.yaml: its folder cannot be used"},
		{provisionArgs(t, "-o", "-", "--qr", "/nowhere/x.png"), exitFailure, "write /nowhere/x.png: its folder cannot be used"},
		{provisionArgs(t, "-o", "-", "--qr", private), exitFailure, "is there already; --force replaces it"},
		{provisionArgs(t, "-o", "-", "--qr", filepath.Dir(private)), exitFailure, "is a folder"},
		{provisionArgs(t, "-o", private+".new", "--qr", private+".new"), exitUsage, "--output and --qr name the same file"},
		{provisionArgs(t, "--wifi", ""), exitUsage, "--wifi is missing"},
		{provisionArgs(t, "--wifi-open"), exitUsage, "--wifi-open and --wifi-password-file cannot both hold"},
		{provisionArgs(t, "--wifi-password-file", ""), exitUsage, "--wifi-password-file (or --wifi-open) is missing"},
		{provisionArgs(t, "-o", "-", "--wifi-password-file", "", "--wifi-open"), exitOK, "everybody can join"},
		{provisionArgs(t, append(long, "-o", "-", "--qr-terminal")...), exitFailure, "make QR code of"},
		{provisionArgs(t, append(long[:12], "-o", "-", "--qr-terminal")...), exitOK, "warning: the QR code holds"},
		{provisionArgs(t, "more"), exitUsage, "too many arguments"},
	} {
		code, _, stderr := provisionRun(test.args...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: exit code %d, said\n%s", test.args[1:], code, stderr)
		}
		for _, secret := range []string{"account secret", "'secret'"} {
			if strings.Contains(stderr, secret) {
				t.Errorf("said a secret:\n%s", stderr)
			}
		}
	}
}

// TestProvisionFillsTheTemplate replaces what a new card has, and nothing that
// somebody has written into.
func TestProvisionFillsTheTemplate(t *testing.T) {
	template, err := os.ReadFile("../../packaging/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		text string
		code int
	}{
		"the template":          {string(template), exitOK},
		"with Windows' lines":   {strings.ReplaceAll(string(template), "\n", "\r\n"), exitOK},
		"comments":              {"# nothing\n\n  # yet\n", exitOK},
		"from an editor":        {"\ufeff" + string(template) + "\r\n", exitOK},
		"another name":          {strings.Replace(string(template), "Front door", "Back door", 1), exitFailure},
		"one value filled in":   {strings.Replace(string(template), "app_id: CHANGE-ME", "app_id: 7", 1), exitFailure},
		"another configuration": {"version: 1\n", exitFailure},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "intercom.yaml")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, _, stderr := provisionRun(provisionArgs(t, "-o", dir)...)
			text, err := os.ReadFile(file)
			if code != test.code || err != nil || (string(text) == test.text) != (test.code == exitFailure) {
				t.Errorf("exit code %d, %v; said\n%s", code, err, stderr)
			}
		})
	}
}

// newTerminal returns the two ends of a pseudo terminal (pty(7)).
func newTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// TestProvisionAsks answers the questions on a terminal, which must not show
// the passwords.
func TestProvisionAsks(t *testing.T) {
	person, program := newTerminal(t)
	asked, questions := io.Pipe()
	dir := t.TempDir()
	done := make(chan int)
	go func() {
		code := run([]string{"provision", "-o", dir, "--domain", "chat.example.org"}, program, io.Discard, questions)
		questions.Close()
		done <- code
	}()
	for _, step := range [][2]string{
		{"Name of the device [Intercom]: ", "Front door"},
		{"application: ", "seven"},
		{"not a number above 0.\nNumber of the QuickBlox application: ", "7"},
		{"Number of the device's user: ", "104"},
		{"Password of that user: ", ""},
		{"Not possible: there must be one\nPassword of that user: ", "account secret"},
		{"Name of contact 1: ", ""},
		{"Not possible: is missing, it must be a name\nName of contact 1: ", "Anna"},
		{"Number of Anna's user: ", "104"},
		{"Number of Anna's user: ", "101"},
		{"Name of contact 2 (empty: no more): ", "Anna"},
		{"is already the name of contacts[0]\nName of contact 2 (empty: no more): ", ""},
		{"Name of the Wi-Fi network (empty: cable): ", "Home"},
		{"Password of that network (empty: none): ", "short"},
		{"Password of that network (empty: none): ", "  wifi secret"},
		{"Country in two letters, such as DE: ", "UK"},
		{"is GB\nCountry in two letters, such as DE: ", "de"},
		{"Time zone, such as Europe/Berlin [UTC]: ", "Berlin"},
		{"did you mean Europe/Berlin?\nTime zone, such as Europe/Berlin [UTC]: ", ""},
	} {
		readUntil(t, asked, step[0])
		if _, err := person.WriteString(step[1] + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	rest, err := io.ReadAll(asked)
	if code := <-done; code != exitOK || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, rest)
	}
	cfg, _, err := config.Load(filepath.Join(dir, "intercom.yaml"), nil, nil)
	if err != nil || cfg.QuickBlox.Password.Reveal() != "account secret" || cfg.Network.WiFi.Password.Reveal() != "  wifi secret" || cfg.QuickBlox.AppID != 7 {
		t.Errorf("%+v, %v", cfg, err)
	}
	echo := make([]byte, 4096)
	n, err := person.Read(echo)
	if err != nil || strings.Contains(string(echo[:n]), "secret") || !strings.Contains(string(echo[:n]), "Front door") {
		t.Errorf("the terminal showed %q, %v", echo[:n], err)
	}
	settings, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil || settings.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal stays silent: %v", err)
	}
}

// readUntil reads up to a text, which has to come.
func readUntil(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var got bytes.Buffer
	for one := make([]byte, 1); !strings.HasSuffix(got.String(), text); {
		if _, err := r.Read(one); err != nil {
			t.Fatalf("waiting for %q: %v after %q", text, err, got.String())
		}
		got.Write(one)
	}
}
