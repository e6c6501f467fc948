//go:build e2e

package card

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// binary is the program under test; TestMain builds it.
var binary string

var update = flag.Bool("update", false, "write the texts of intercom.err anew")

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "card:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun runs the tests with the program in CARD_BINARY, or one that
// it builds.
func buildAndRun(m *testing.M) (code int, err error) {
	if binary = os.Getenv("CARD_BINARY"); binary != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "intercomd-card-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "intercomd")
	build := exec.Command("go", "build", "-tags", "netgo,osusergo", "-o", binary, "../../cmd/intercomd")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build intercomd: %w\n%s", err, output)
	}
	return m.Run(), nil
}

// secrets are in no message; they are those of all cards.
var secrets = []string{"Dk3-8sLq", "correct horse"}

func TestWrongCards(t *testing.T) {
	for _, w := range wrongCards() {
		t.Run(w.folder, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t)
			before := d.stored()
			d.checkWrong(w.folder, w.files(t), w.names)
			if after := d.stored(); !bytes.Equal(after, before) {
				t.Errorf("the configuration changed to\n%s", after)
			}
			if w.serves {
				d.serves()
			}
		})
	}
}

// checkWrong puts a wrong card into the board and checks what is on it then.
func (d *device) checkWrong(folder string, files map[string][]byte, names []string) {
	d.t.Helper()
	d.put(files)
	d.setup()
	text, found := d.complaint()
	if !found {
		d.t.Fatal("no intercom.err: the card counts as good")
	}
	if got := d.files(); !reflect.DeepEqual(got, files) {
		d.t.Error("files of the card were changed")
	}
	compare(d.t, filepath.Join("testdata", folder, "intercom.err"), text)
	for _, name := range names {
		if !strings.Contains(text, name) {
			d.t.Errorf("intercom.err does not name %q", name)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			d.t.Errorf("intercom.err shows the secret %q", secret)
		}
	}
	// The next boot finds the same card, and says the same.
	d.setup()
	if again, _ := d.complaint(); again != text {
		d.t.Errorf("at the next boot intercom.err says\n%s", again)
	}
}

// compare compares a text with the one kept in a file.
func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("intercom.err says\n%s\nwant\n%s", got, want)
	}
}

// TestCorrected puts a card in order and has it taken over.
func TestCorrected(t *testing.T) {
	d := newDevice(t)
	wrong := readFolder(t, "testdata/tab-indent/card", "")
	d.put(wrong)
	d.setup()
	if _, found := d.complaint(); !found {
		t.Fatal("no intercom.err for a tab")
	}
	right := bytes.ReplaceAll(wrong["intercom.yaml"], []byte("\t"), []byte("  "))
	if err := os.WriteFile(filepath.Join(d.card, "intercom.yaml"), right, 0o644); err != nil {
		t.Fatal(err)
	}
	d.setup()
	if text, found := d.complaint(); found {
		t.Errorf("intercom.err is still there:\n%s", text)
	}
	if got := d.stored(); !bytes.Equal(got, right) {
		t.Errorf("stored\n%s\nwant\n%s", got, right)
	}
}

func TestGoodCards(t *testing.T) {
	folders, err := filepath.Glob("testdata/good-*")
	if err != nil || len(folders) < 4 {
		t.Fatalf("good cards %v (%v), want at least 4", folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			d := newDevice(t)
			card := readFolder(t, filepath.Join(folder, "card"), "")
			d.put(card)
			d.setup()
			if text, found := d.complaint(); found {
				t.Fatalf("intercom.err says\n%s", text)
			}
			stored := d.stored()
			for name, text := range card {
				if !bytes.Equal(stored, text) {
					t.Errorf("stored\n%q\nwant\n%q", stored, text)
				}
				blanked := d.files()[name]
				for _, secret := range secrets {
					if bytes.Contains(blanked, []byte(secret)) {
						t.Errorf("the card still has %q", secret)
					}
				}
				if len(blanked) != len(text) || !bytes.Contains(blanked, []byte("Front door")) {
					t.Errorf("the card has\n%q\nwant the same without secrets", blanked)
				}
			}
		})
	}
}

// TestEveryCardIsTested finds folders that no test names.
func TestEveryCardIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, w := range wrongCards() {
		tested[w.folder] = true
	}
	folders, err := filepath.Glob("testdata/*/card")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range folders {
		folder := filepath.Base(filepath.Dir(path))
		if !tested[folder] && !strings.HasPrefix(folder, "good-") {
			t.Errorf("testdata/%s is in no test", folder)
		}
	}
}
