//go:build e2e

package board

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// toolScenarios are commands for who builds a door.
func toolScenarios() []scenario {
	return []scenario{
		{"selftest", selftestFindsAll},
		{"selftest-beside-daemon", selftestBesideDaemon},
		{"devices", devicesNamed},
	}
}

// finding is what a line of the self-test must say.
type finding struct{ verdict, part, text string }

// selftestFindsAll tests the board with a room around it and somebody who
// presses the button when asked to.
func selftestFindsAll(s *scene) {
	const picture = "/tmp/selftest.png"
	c := boardConfig(s.lab.Network.Hub.Address, rig.Domain)
	c.Buttons = []button{c.Buttons[0], c.Buttons[3]} // front and voice
	text, err := yaml.Marshal(c)
	if err != nil {
		s.Fatal(err)
	}
	s.do(func(ctx context.Context) error { return s.board.Put(ctx, configFile, 0o600, text) })
	s.run("world echo " + airFromSpeaker + " " + airToMicrophone)

	said := rig.NewLog[string]()
	test, err := s.board.Spawn("exec intercomd selftest --config "+configFile+" --picture "+picture,
		&lineReader{each: func(line []byte) { said.Add(string(line)) }})
	if err != nil {
		s.Fatal(err)
	}
	s.running = append(s.running, test)
	s.level(vm.Lamp, 1)
	get(s, func(ctx context.Context) (string, error) {
		return said.Take(ctx, "the request to press", func(l string) bool { return strings.HasPrefix(l, "Press the button front ") })
	})
	s.press(vm.Doorbell)
	ended := test.Wait(s.ctx)
	s.found(said.All(), []finding{
		{"ok", "picture", "640x480"},
		{"ok", "camera", "pictures a second of 15.0"},
		{"ok", "encoder", "in hardware"},
		{"ok", "sound", "a sweep was heard"},
		{"ok", "lamp status", "blinked"},
		{"not tested", "relay door", "intercomd relay door"},
		{"ok", "button front", "pressed after"},
		{"not tested", "button voice", "control"},
		{"not configured", "watchdog", ""},
	})
	if ended != nil {
		s.Errorf("the self-test failed: %v", ended)
	}
	s.decodes(picture, 640, 480)
}

// found compares the lines with what they must say; that to press is left out.
func (s *scene) found(lines []string, want []finding) {
	s.Helper()
	for _, line := range lines {
		if strings.HasPrefix(line, "Press ") {
			continue
		}
		s.says("%s", line)
		if len(want) == 0 {
			s.Fatalf("one line too many: %q", line)
		}
		w := want[0]
		want = want[1:]
		rest, ok := strings.CutPrefix(line, w.verdict+" ")
		if rest = strings.TrimSpace(rest); !ok || !strings.HasPrefix(rest, w.part+" ") || !strings.Contains(rest, w.text) {
			s.Errorf("the line is %q, want %+v", line, w)
		}
	}
	if len(want) > 0 {
		s.Errorf("lines are missing: %+v", want)
	}
}

// decodes checks a PNG file of the board: its size, and that it shows
// something.
func (s *scene) decodes(path string, width, height int) {
	s.Helper()
	file := get(s, func(ctx context.Context) ([]byte, error) { return s.board.Get(ctx, path) })
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		s.Fatalf("decode %s: %v", path, err)
	}
	if got := picture.Bounds().Size(); got.X != width || got.Y != height {
		s.Errorf("the picture is %v, want %d×%d", got, width, height)
	}
	colours := map[any]bool{}
	for x := range width {
		colours[picture.At(x, height/2)] = true
	}
	s.says("%s: %d bytes, %d colours in the middle row", path, len(file), len(colours))
	if len(colours) < 6 { // vivid shows eight bars
		s.Errorf("%d colours in the middle row: that is no test pattern", len(colours))
	}
}

func selftestBesideDaemon(s *scene) {
	d := s.door()
	_, err := s.board.Output(s.ctx, "intercomd selftest --config "+configFile)
	var exit *vm.ExitError
	if !errors.As(err, &exit) || exit.Code != 1 || !strings.Contains(exit.Output, "control.sock") {
		s.Errorf("beside a daemon: %v, want exit status 1 and the control socket named", err)
	}
	s.idle(d)
}

// inventory is the part of `intercomd devices --json` that is looked at.
type inventory struct {
	Cameras []struct{ Path, Driver string }
	Picture struct {
		Steps []string
		Error string
	}
	Codecs   []struct{ Path, Name, Role string }
	Sound    []struct{ Spec, Card string }
	GPIO     []struct{ Label string }
	Problems []string
}

func devicesNamed(s *scene) {
	var inv inventory
	if err := json.Unmarshal([]byte(s.sh("intercomd devices --json")), &inv); err != nil {
		s.Fatalf("read devices: %v", err)
	}
	s.says("%+v", inv)
	switch {
	case len(inv.Cameras) != 1 || inv.Cameras[0].Driver != "vivid":
		s.Errorf("cameras %+v", inv.Cameras)
	case len(inv.Codecs) != 1 || !strings.Contains(inv.Codecs[0].Name, "bcm2835-codec") || inv.Codecs[0].Role != "H.264 encoder":
		s.Errorf("codecs %+v", inv.Codecs)
	case len(inv.Sound) == 0 || inv.Sound[0].Card != "Loopback":
		s.Errorf("sound %+v", inv.Sound)
	case len(inv.GPIO) != 1 || inv.GPIO[0].Label != vm.ChipLabel:
		s.Errorf("GPIO %+v", inv.GPIO)
	case inv.Picture.Error != "" || len(inv.Picture.Steps) != 2 || !strings.Contains(inv.Picture.Steps[1], inv.Codecs[0].Path):
		s.Errorf("picture %+v, want the way through the encoder", inv.Picture)
	case len(inv.Problems) > 0:
		s.Errorf("problems %q", inv.Problems)
	}
	table := s.sh("COLUMNS=80 intercomd devices")
	for line := range strings.Lines(table) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			s.Errorf("%d characters, want 80 at most: %s", n, line)
		}
	}
	for _, word := range []string{"vivid", "bcm2835-codec", "Loopback", vm.ChipLabel} {
		if !strings.Contains(table, word) {
			s.Errorf("no word of %s in\n%s", word, table)
		}
	}
}
