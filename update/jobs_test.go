package update

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/update/rauc"
)

// TestRefusalKeepsSecrets: RAUC names the address it could not read from.
func TestRefusalKeepsSecrets(t *testing.T) {
	const source = "https://user:word@updates.example.org/b.raucb?token=hidden"
	said := &rauc.Error{Text: "cannot open " + source + ": 403"}
	ev := refusal("1.1.0", source, fmt.Errorf("read bundle: %w", said))
	if text := ev.err.Error(); !strings.Contains(text, "https://updates.example.org/b.raucb: 403") {
		t.Errorf("told %q", text)
	}
	if !ev.fault || ev.version != "1.1.0" {
		t.Errorf("%+v", ev)
	}
	said = &rauc.Error{Text: "cannot open /data/b.raucb"}
	if ev := refusal("", "/data/b.raucb", said); !strings.Contains(ev.err.Error(), "/data/b.raucb") {
		t.Errorf("told %q", ev.err)
	}
	plain := errors.New("D-Bus went away")
	if ev := refusal("", source, plain); !errors.Is(ev.err, plain) || ev.fault || ev.noStream {
		t.Errorf("%+v", ev)
	}
}
