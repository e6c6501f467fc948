package audio

import (
	"strings"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// device makes both directions of a card's first device.
func device(number int, id, driver, name string) []alsa.Device {
	card := alsa.Card{Number: number, ID: id, Driver: driver, Name: name, LongName: name + " at usb-0000:01:00.0-1.3"}
	return []alsa.Device{{Card: card, Stream: alsa.StreamPlayback}, {Card: card, Stream: alsa.StreamCapture}}
}

func onlyPlayback(d []alsa.Device) []alsa.Device { return d[:1] }
func onlyCapture(d []alsa.Device) []alsa.Device  { return d[1:] }

func join(parts ...[]alsa.Device) (all []alsa.Device) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestAutoPrefers(t *testing.T) {
	hdmi := onlyPlayback(device(0, "vc4hdmi0", "vc4-hdmi", "vc4-hdmi-0"))
	jack := onlyPlayback(device(1, "Headphones", "bcm2835_headpho", "bcm2835 Headphones"))
	loop := device(2, "Loopback", "Loopback", "Loopback")
	seeed := device(3, "seeed2micvoicec", "seeed2micvoicec", "seeed2micvoicecard")
	usb := device(4, "Device", "USB-Audio", "USB PnP Sound Device")
	usbMic := onlyCapture(device(5, "Snowball", "USB-Audio", "Blue Snowball"))
	pc := device(6, "PCH", "HDA-Intel", "HDA Intel PCH")
	dummy := device(7, "Dummy", "Dummy", "Dummy")
	tests := []struct {
		name         string
		devices      []alsa.Device
		mic, speaker string
	}{
		{"loopback only", loop, "Loopback", "Loopback"},
		{"a board with a HAT", join(hdmi, jack, loop, seeed), "seeed2micvoicec", "seeed2micvoicec"},
		{"a board with a USB card", join(hdmi, jack, loop, usb), "Device", "Device"},
		{"USB microphone and jack", join(hdmi, jack, usbMic), "Snowball", "Headphones"},
		{"both directions before one", join(usbMic, usb), "Device", "Device"},
		{"HAT and USB: the lower number", join(usb, seeed), "seeed2micvoicec", "seeed2micvoicec"},
		{"PC", join(pc, loop, hdmi), "PCH", "PCH"},
		{"HDMI before loopback", join(loop, hdmi), "Loopback", "vc4hdmi0"},
		{"loopback before dummy", join(dummy, loop), "Loopback", "Loopback"},
	}
	for _, tt := range tests {
		for stream, want := range map[alsa.Stream]string{alsa.StreamCapture: tt.mic, alsa.StreamPlayback: tt.speaker} {
			got, err := (cardSpec{auto: true, device: -1}).choose(tt.devices, stream, "")
			if err != nil || got.card != want || !strings.HasPrefix(got.why, "auto: ") {
				t.Errorf("%s: %+v, %v, want %s", tt.name, got, err, want)
			}
		}
	}
}

func TestChooseByName(t *testing.T) {
	second := device(4, "Device", "USB-Audio", "USB PnP Sound Device")
	for i := range second {
		second[i].Number = 1
	}
	devices := join(device(0, "Loopback", "Loopback", "Loopback"), device(3, "PnP", "x", "something"),
		device(4, "Device", "USB-Audio", "USB PnP Sound Device"), second)
	tests := []struct{ spec, path, err string }{
		{"Loopback", "/dev/snd/pcmC0D0c", ""},
		{"loopback", "/dev/snd/pcmC0D0c", ""},
		{"4", "/dev/snd/pcmC4D0c", ""},
		{"Device", "/dev/snd/pcmC4D0c", ""},
		{"pnp", "/dev/snd/pcmC3D0c", ""}, // an id before a part of a name
		{"PnP Sound", "/dev/snd/pcmC4D0c", ""},
		{"usb-0000:01:00.0-1.3", "/dev/snd/pcmC0D0c", ""},
		{"hw:4", "/dev/snd/pcmC4D0c", ""},
		{"hw:4,1", "/dev/snd/pcmC4D1c", ""},
		{"hw:Device,1", "/dev/snd/pcmC4D1c", ""},
		{"hw:Sound", "", "no such sound card: there is Loopback (hw:0,0), PnP (hw:3,0)"},
		{"hw:4,2", "", "no such sound card"},
		{"/dev/snd/pcmC9D0c", "/dev/snd/pcmC9D0c", ""},
		{"/dev/snd/by-id/usb-x", "/dev/snd/by-id/usb-x", ""},
	}
	for _, tt := range tests {
		spec, err := parseCard(tt.spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := spec.choose(devices, alsa.StreamCapture, "")
		if got.path != tt.path || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %+v, %v, want %s, %q", tt.spec, got, err, tt.path, tt.err)
		}
	}
}

func TestAutoKeepsItsCard(t *testing.T) {
	auto := cardSpec{auto: true, device: -1}
	loop, usb := device(0, "Loopback", "Loopback", "Loopback"), device(9, "Device", "USB-Audio", "USB")
	if got, err := auto.choose(join(loop, usb), alsa.StreamCapture, "Device"); err != nil || got.number != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := auto.choose(loop, alsa.StreamCapture, "Device"); err == nil {
		t.Errorf("took %+v at once", got)
	}
}

func FuzzParseCard(f *testing.F) {
	for _, s := range []string{"auto", "hw:0,0", "hw:,", "/dev/snd/x", "Device", "hw:Device,99999999999999999999"} {
		f.Add(s)
	}
	devices := device(0, "Device", "USB-Audio", "USB")
	f.Fuzz(func(t *testing.T, s string) {
		spec, err := parseCard(s)
		if err != nil {
			return
		}
		got, err := spec.choose(devices, alsa.StreamCapture, "")
		if (err == nil) != (got.path != "") {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
		if err == nil && !strings.HasPrefix(got.path, "/dev/") {
			t.Errorf("%q leads to %s", s, got.path)
		}
	})
}
