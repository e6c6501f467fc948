package provision

import (
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
