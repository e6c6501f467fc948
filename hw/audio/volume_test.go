package audio

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

func TestSetVolume(t *testing.T) {
	tests := []struct {
		name     string
		stream   alsa.Stream
		percent  int
		elements []*alsatest.Element
		want     []int
	}{
		{"USB microphone", alsa.StreamCapture, 50, []*alsatest.Element{
			alsatest.Volume("Mic Playback Volume", 0, 31, 7), alsatest.Switch("Mic Playback Switch", 0),
			alsatest.Volume("Mic Capture Volume", 0, 62, 0), alsatest.Switch("Mic Capture Switch", 0),
		}, []int{7, 0, 31, 1}},
		{"USB speaker leaves the side tone alone", alsa.StreamPlayback, 100, []*alsatest.Element{
			alsatest.Volume("Mic Playback Volume", 0, 31, 7), alsatest.Switch("Mic Playback Switch", 0),
			alsatest.Volume("PCM Playback Volume", 0, 255, 3), alsatest.Switch("PCM Playback Switch", 0),
		}, []int{7, 0, 255, 1}},
		{"HAT with two outputs", alsa.StreamPlayback, 50, []*alsatest.Element{
			alsatest.Volume("Speaker Playback Volume", 0, 127, 0), alsatest.Volume("Headphone Playback Volume", 0, 127, 0),
			alsatest.Volume("Playback Volume", 0, 255, 255),
		}, []int{64, 64, 255}},
		{"master counts once", alsa.StreamPlayback, 50, []*alsatest.Element{
			alsatest.Volume("PCM Playback Volume", 0, 100, 90), alsatest.Volume("Master Playback Volume", 0, 100, 0),
			alsatest.Switch("PCM Playback Switch", 0), alsatest.Switch("Master Playback Switch", 0),
		}, []int{90, 50, 1, 1}},
		{"headphone jack of a Pi, in hundredths of dB", alsa.StreamPlayback, 100, []*alsatest.Element{
			alsatest.Volume("PCM Playback Volume", -10239, 400, 0), alsatest.Switch("PCM Playback Switch", 0),
		}, []int{400, 1}},
		{"zero is silent, its switch untouched", alsa.StreamPlayback, 0, []*alsatest.Element{
			alsatest.Volume("PCM Playback Volume", -10239, 400, 0), alsatest.Switch("PCM Playback Switch", 0),
		}, []int{-10239, 0}},
		{"steps", alsa.StreamCapture, 40, []*alsatest.Element{
			{Name: "Capture Volume", Type: alsa.ElemInteger, Min: 2, Max: 33, Step: 10, Values: []int{2}},
		}, []int{12}},
		{"64 bits", alsa.StreamCapture, 25, []*alsatest.Element{
			{Name: "Capture Volume", Type: alsa.ElemInteger64, Min: -1 << 40, Max: 1 << 40, Values: []int{0, 0}},
		}, []int{-1 << 39}},
		{"read only, no range", alsa.StreamCapture, 25, []*alsatest.Element{
			{Name: "Mic Capture Volume", Type: alsa.ElemInteger, Max: 9, ReadOnly: true, Values: []int{3}},
			{Name: "Capture Volume", Type: alsa.ElemInteger, Min: 5, Max: 5, Values: []int{5}},
		}, []int{3, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			card := usbCard()
			card.Elements = tt.elements
			sys := alsatest.NewSystem(card)
			var log bytes.Buffer
			setVolume(sys, 0, tt.stream, &tt.percent, logTo(&log))
			var got []int
			for _, e := range tt.elements {
				got = append(got, card.Value(e.Name))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("set to %v, want %v\n%s", got, tt.want, log.String())
			}
			if n := sys.OpenFiles(); n != 0 {
				t.Errorf("%d files stay open", n)
			}
		})
	}
}

func TestSetVolumeSaysWhyNot(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*alsatest.System)
		want    string
	}{
		{"none", func(*alsatest.System) {}, "the card has none for this direction"},
		{"no controls", func(s *alsatest.System) { s.Deny("/dev/snd/controlC0", unix.EACCES) }, "group audio"},
		{"no list", func(s *alsatest.System) { s.Fail(alsa.IoctlElemList, unix.EIO, -1) }, "ELEM_LIST: input/output error"},
		{"locked", func(s *alsatest.System) { s.Fail(alsa.IoctlElemWrite, unix.EPERM, -1) }, "another program has locked it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			card := usbCard()
			if tt.name == "locked" {
				card.Elements = []*alsatest.Element{alsatest.Volume("Capture Volume", 0, 10, 5)}
			}
			sys := alsatest.NewSystem(card)
			tt.prepare(sys)
			var log bytes.Buffer
			percent := 70
			setVolume(sys, 0, alsa.StreamCapture, &percent, logTo(&log))
			if !strings.Contains(log.String(), tt.want) || !strings.Contains(log.String(), "volume=70") {
				t.Errorf("the log lacks %q:\n%s", tt.want, log.String())
			}
		})
	}
}

// Without a wish, the mixer is not even opened.
func TestVolumeIsLeftAlone(t *testing.T) {
	sys := alsatest.NewSystem(usbCard())
	sys.Deny("/dev/snd/controlC0", unix.EIO)
	var log bytes.Buffer
	setVolume(sys, 0, alsa.StreamCapture, nil, logTo(&log))
	if log.Len() > 0 {
		t.Errorf("logged %s", log.String())
	}
}
