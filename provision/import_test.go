package provision

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImport(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", good)
	b.write(t, "card/intercom.err", "old news")
	if err := b.setup.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.read(t, storedConfig); got != good {
		t.Errorf("stored:\n%s", got)
	}
	card := b.read(t, "card/intercom.yaml")
	for _, secret := range secrets() {
		if strings.Contains(card, secret) {
			t.Errorf("the card still has %q", secret)
		}
	}
	for _, kept := range []string{"# Front door of the Miller family", "# keep", "ssid: Home # the upper floor", "(stored)"} {
		if !strings.Contains(card, kept) {
			t.Errorf("%q is gone from the card:\n%s", kept, card)
		}
	}
	if len(card) != len(good) {
		t.Errorf("%d bytes on the card, had %d", len(card), len(good))
	}
	if got := b.read(t, "card/intercom.err"); got != "" {
		t.Errorf("intercom.err says %q", got)
	}
	if b.named != "front" {
		t.Errorf("named %q", b.named)
	}
}

func TestBlankedFileIsNoChange(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", good)
	for range 3 {
		if err := b.boot(Options{NoQR: true}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if link, err := os.Readlink(filepath.Join(b.dir, "data/intercomd/config")); err != nil || link != "config.1" {
		t.Errorf("config is %q, %v", link, err)
	}
}

func TestChangeOfTheBlankedFile(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", good)
	if err := b.setup.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.write(t, "card/intercom.yaml", strings.Replace(b.read(t, "card/intercom.yaml"), "hostname: front", "hostname: back", 1))
	if err := b.boot(Options{NoQR: true}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("hostname: front", "hostname: back", "wifi-secret-2", `"wifi-secret-2"`).Replace(good)
	if got := b.read(t, storedConfig); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("stored:\n%s", got)
	}
	if b.named != "back" {
		t.Errorf("named %q", b.named)
	}
	entries, err := os.ReadDir(filepath.Join(b.dir, "data/intercomd"))
	if err != nil || len(entries) != 3 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// TestWrongFiles puts wrong files on the card of a device that is set up.
func TestWrongFiles(t *testing.T) {
	for _, test := range []struct {
		what  string
		files map[string]string
		want  []string // in intercom.err
	}{
		{"a wrong value", map[string]string{"intercom.yaml": strings.Replace(good, "app_id: 7", "app_id: x", 1)}, []string{"intercom.yaml:2: quickblox.app_id: "}},
		{"an unknown key", map[string]string{"intercom.yaml": good + "colour: red\n"}, []string{"intercom.yaml:14: colour: "}},
		{"nothing", map[string]string{"intercom.yaml": ""}, []string{"intercom.yaml: holds no settings"}},
		{"comments only", map[string]string{"intercom.yaml": "\ufeff# nothing\r\n---\r\n"}, []string{"intercom.yaml: holds no settings"}},
		{"a huge file", map[string]string{"intercom.yaml": strings.Repeat("# long\n", 200_000)}, []string{"intercom.yaml: has more than 1048576 bytes; is it the right file?"}},
		{"a name with .txt", map[string]string{"intercom.yaml.txt": good}, []string{`"intercom.yaml.txt" and does not count; rename it to intercom.yaml`}},
		{"a copy", map[string]string{"intercom (1).yaml": good}, []string{`"intercom (1).yaml" and does not count`}},
		{"the edits in a second file", map[string]string{"intercom.yaml": good, "Kopie von intercom.yml": "x"}, []string{`there is also "Kopie von intercom.yml"`}},
		{
			"a mark without a password", map[string]string{"intercom.yaml": strings.NewReplacer("ssid: Home", "ssid: Garden", "wifi-secret-2", "(stored)").Replace(good)},
			[]string{"intercom.yaml:12: network.wifi.password: is (stored), but the device keeps no password"},
		},
		{"a file that is not there", map[string]string{"intercom.yaml": strings.Replace(good, "{domain", "{ca_file: ca.pem, domain", 1)}, []string{"xmpp.ca_file", "ca.pem"}},
		{"a file outside", map[string]string{"intercom.yaml": strings.Replace(good, `password: "account-secret-1"`, "password_file: ../template.yaml", 1)}, []string{"is not on the card"}},
		{"a file by its whole path", map[string]string{"intercom.yaml": strings.Replace(good, `password: "account-secret-1"`, "password_file: /etc/hostname", 1)}, []string{"intercom.yaml: quickblox.password_file names a file by its whole path"}},
		{"a hidden file", map[string]string{"intercom.yaml": strings.Replace(good, `password: "account-secret-1"`, "password_file: .p", 1), ".p": "x"}, []string{"rename it"}},
		{"a file that is marked", map[string]string{"intercom.yaml": strings.Replace(good, `password: "account-secret-1"`, "password_file: p", 1), "p": "(stored)\n"}, []string{`file "p" of the card is (stored)`, "put the file on the card again"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			b := newBench(t)
			b.write(t, "card/intercom.yaml", good)
			if err := b.setup.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(b.dir, "card/intercom.yaml")); err != nil {
				t.Fatal(err)
			}
			for name, text := range test.files {
				b.write(t, filepath.Join("card", name), text)
			}
			if err := b.boot(Options{}).Run(t.Context()); err == nil {
				t.Error("no error")
			}
			said := b.read(t, "card/intercom.err")
			for _, want := range append(test.want, "The device goes on with the configuration it has.") {
				if !strings.Contains(said, want) {
					t.Errorf("%q is missing in\n%s", want, said)
				}
			}
			if strings.Contains(said, b.dir) || strings.Count(said, "\r\n") != strings.Count(said, "\n") {
				t.Errorf("unfit for a PC:\n%q", said)
			}
			for _, secret := range secrets() {
				if strings.Contains(said, secret) {
					t.Errorf("it has a secret:\n%s", said)
				}
			}
			if got := b.read(t, storedConfig); strings.TrimSpace(got) != strings.TrimSpace(good) {
				t.Errorf("stored:\n%s", got)
			}
			if got, want := b.read(t, "card/intercom.yaml"), test.files["intercom.yaml"]; got != want && test.what != "the edits in a second file" {
				t.Errorf("the card's file was changed:\n%s", got)
			}
		})
	}
}

func TestComplaintGoesAndComes(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", "x: y\n")
	if err := b.setup.Run(t.Context()); err == nil {
		t.Error("no error")
	}
	first := b.read(t, "card/intercom.err")
	if !strings.Contains(first, "has no configuration and cannot ring") || !strings.Contains(first, "Date: 2") {
		t.Errorf("it says\n%s", first)
	}
	b.write(t, "card/intercom.err", strings.Replace(first, "Date: 2", "Date: 1", 1))
	if err := b.boot(Options{NoQR: true}).Run(t.Context()); err == nil {
		t.Error("no error")
	}
	if got := b.read(t, "card/intercom.err"); !strings.Contains(got, "Date: 1") {
		t.Error("the same complaint was written twice")
	}
	b.write(t, "card/intercom.yaml", good)
	if err := b.boot(Options{NoQR: true}).Run(t.Context()); err != nil {
		t.Error(err)
	}
	if got := b.read(t, "card/intercom.err"); got != "" {
		t.Errorf("it still says\n%s", got)
	}
}

// companionConfig refers to files of the card.
const companionConfig = `quickblox: {app_id: 7, user_id: 104, password_file: secrets/account.txt}
xmpp: {domain: chat.example.org}
lan: {tls_cert: cert.pem, tls_key: key.pem}
contacts:
  - {name: Anna, user_id: 101}
buttons:
  - {name: front, contacts: [Anna]}
`

func TestFilesComeAlong(t *testing.T) {
	const cert, key = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"
	b := newBench(t)
	if err := os.Mkdir(filepath.Join(b.dir, "card/secrets"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.write(t, "card/intercom.yaml", companionConfig)
	b.write(t, "card/secrets/account.txt", "hunter22-account\n")
	b.write(t, "card/cert.pem", cert)
	b.write(t, "card/key.pem", key)
	check := func(account string) {
		t.Helper()
		if err := b.boot(Options{NoQR: true}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"secrets/account.txt": account, "cert.pem": cert, "key.pem": key} {
			if got := b.read(t, filepath.Join("data/intercomd/config", name)); got != want {
				t.Errorf("stored %s: %q", name, got)
			}
		}
		for name, want := range map[string]string{"secrets/account.txt": "(stored)", "cert.pem": strings.TrimSpace(cert), "key.pem": "(stored)"} {
			if got := b.read(t, filepath.Join("card", name)); strings.TrimSpace(got) != want {
				t.Errorf("on the card %s: %q", name, got)
			}
		}
	}
	check("hunter22-account\n")
	b.write(t, "card/intercom.yaml", companionConfig+"device: {name: Back}\n")
	check("hunter22-account\n") // with the marks as they are
	b.write(t, "card/secrets/account.txt", "another-account\n")
	check("another-account\n") // though intercom.yaml is as before
	// A cut while a file was blanked leaves a part of it.
	b.write(t, "card/secrets/account.txt", "(stored-account\n")
	check("another-account\n")
}

// TestNamedFileIsNoStray names a file as copies of the configuration are called.
func TestNamedFileIsNoStray(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", strings.Replace(good, `password: "account-secret-1"`, "password_file: intercom-password.txt", 1))
	b.write(t, "card/Intercom-Password.txt", "account-secret-1")
	b.write(t, "card/intercom-password.txt", "account-secret-1")
	for range 2 {
		if err := b.boot(Options{NoQR: true}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "card/intercom-passwords.txt", "not named")
	err := b.boot(Options{NoQR: true}).Run(t.Context())
	if said := b.read(t, "card/intercom.err"); err == nil || !strings.Contains(said, `there is also "intercom-passwords.txt"`) {
		t.Errorf("%v; intercom.err says %q", err, said)
	}
}

func TestBrokenData(t *testing.T) {
	b := newBench(t)
	b.write(t, "card/intercom.yaml", good)
	if err := os.Mkdir(filepath.Join(b.dir, "run/intercom"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.write(t, "run/intercom/data", "broken: the file system cannot be repaired\n")
	if err := b.setup.Run(t.Context()); err == nil {
		t.Error("no error")
	}
	said := b.read(t, "card/intercom.err")
	if !strings.Contains(said, "the file system cannot be repaired; put an empty file called factory-reset on the card") {
		t.Errorf("it says\n%s", said)
	}
	if b.read(t, "card/intercom.yaml") != good || b.read(t, storedConfig) != "" || b.named == "" {
		t.Error("something was stored or blanked, or the system was not set up")
	}
}

// TestOtherErrorsAreOnTheCard has the system refuse a name.
func TestOtherErrorsAreOnTheCard(t *testing.T) {
	b := newBench(t)
	b.ports.Hostname = func(string) error { return errors.New("it is forbidden") }
	b.write(t, "card/intercom.yaml", good)
	if err := b.boot(Options{NoQR: true}).Run(t.Context()); err == nil {
		t.Error("no error")
	}
	if said := b.read(t, "card/intercom.err"); !strings.Contains(said, `set hostname "front": it is forbidden`) {
		t.Errorf("it says\n%s", said)
	}
	if b.read(t, storedConfig) != good {
		t.Error("the configuration was not taken over")
	}
}
