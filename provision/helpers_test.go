package provision

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/intercomd/intercomd/config"
)

// good is a configuration with secrets, comments and lines that stay.
const good = `# Front door of the Miller family
quickblox: {app_id: 7, user_id: 104, password: "account-secret-1"} # keep
xmpp: {domain: chat.example.org}
contacts:
  - {name: Anna, user_id: 101}
buttons:
  - {name: front, contacts: [Anna]}
network:
  hostname: front
  wifi:
    ssid: Home # the upper floor
    password: wifi-secret-2
    country: DE
`

// secrets are those of good.
func secrets() []string { return []string{"account-secret-1", "wifi-secret-2"} }

const template = "# nothing yet\n"

// bench is a setup on real files below a folder.
type bench struct {
	dir   string
	paths Paths
	ports Ports
	setup *Setup
	named string // what the machine was named
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	b.paths = Paths{
		Card: filepath.Join(b.dir, "card"), Data: filepath.Join(b.dir, "data"),
		Run: filepath.Join(b.dir, "run"), Template: filepath.Join(b.dir, "template.yaml"),
	}
	for _, dir := range []string{b.paths.Card, b.paths.Data, b.paths.Run} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "template.yaml", template)
	b.ports = quietPorts(&b.named)
	b.setup = b.boot(Options{NoQR: true})
	return b
}

// quietPorts are those of a device without buttons, camera and lamps.
func quietPorts(named *string) Ports {
	return Ports{
		Held: func(context.Context, []config.Button, func(Hold)) Hold { return HoldNothing },
		Picture: func(context.Context, config.Camera) (image.Image, error) {
			return nil, errors.New("there is no camera")
		},
		Show:     func([]config.Lamp, config.Indication) {},
		Hostname: func(name string) error { *named = name; return nil },
	}
}

// boot makes the setup of another boot.
func (b *bench) boot(o Options) *Setup {
	b.setup = New(b.paths, NewDisk(), Owner{UID: os.Getuid(), GID: os.Getgid()}, b.ports, o, slog.New(slog.DiscardHandler))
	return b.setup
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read returns the content of a file, "" if there is none.
func (b *bench) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

const storedConfig = "data/intercomd/config/intercom.yaml"
