package audio

import (
	"fmt"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Info is one direction of a sound card's PCM device.
type Info struct {
	Spec    string `json:"spec"`     // "hw:CARD,DEV", which selects it whatever its number becomes
	Path    string `json:"path"`     // "/dev/snd/pcmC0D0c"
	Card    string `json:"card"`     // id
	Number  int    `json:"number"`   // of the card
	Device  int    `json:"device"`   // number on the card
	Name    string `json:"name"`     // of the card
	Kind    string `json:"kind"`     // as "USB card", "HDMI"
	Driver  string `json:"driver"`   // of the card
	Capture bool   `json:"capture"`  // microphone, else speaker
	Busy    bool   `json:"busy"`     // a program has it open
	Holder  string `json:"holder"`   // that program, where the kernel tells
	Auto    bool   `json:"auto"`     // what "auto" would take
	AutoWhy string `json:"auto_why"` // and why
	Formats string `json:"formats"`  // what intercomd would use, or why it cannot
	Volume  string `json:"volume"`   // mixer element that the volume setting changes, "" when there is none
}

// List finds the microphones and speakers of all sound cards. Cards that cannot
// be asked are named in the error; the list is good in spite of it. No device
// is disturbed: one that is in use is not opened.
func List() ([]Info, error) { return list(alsa.Kernel{}) }

func list(sys alsa.System) ([]Info, error) {
	devices, err := alsa.List(sys)
	if err != nil {
		err = fmt.Errorf("list sound cards: %w", advise(sys, "", err))
	}
	infos := make([]Info, 0, len(devices))
	for _, d := range devices {
		infos = append(infos, describe(sys, devices, d))
	}
	return infos, err
}

func describe(sys alsa.System, devices []alsa.Device, d alsa.Device) Info {
	info := Info{
		Spec: fmt.Sprintf("hw:%s,%d", d.Card.ID, d.Number), Path: d.Path(),
		Card: d.Card.ID, Number: d.Card.Number, Device: d.Number,
		Name: d.Card.Name, Driver: d.Card.Driver, Kind: string(kindOfCard(d)),
		Capture: d.Stream == alsa.StreamCapture, Busy: d.Free == 0,
	}
	if found, err := (cardSpec{auto: true, device: -1}).choose(devices, d.Stream, ""); err == nil && found.path == info.Path {
		info.Auto, info.AutoWhy = true, found.why
	}
	if info.Busy {
		info.Holder = alsa.Holder(sys, info.Path)
		info.Formats = "in use"
	} else {
		info.Formats = probe(sys, d)
	}
	info.Volume = volumeOf(sys, d)
	return info
}

// probe configures a device as it would be used, and lets go of it.
func probe(sys alsa.System, d alsa.Device) string {
	pcm, err := alsa.OpenPCM(sys, d.Path())
	if err != nil {
		return advise(sys, d.Path(), err).Error()
	}
	defer pcm.Close()
	setup, err := pcm.Configure(wanted(defaultPeriod))
	if err != nil {
		return advise(sys, d.Path(), err).Error()
	}
	return setup.String()
}

// volumeOf names the first element that a volume setting changes, "" for none.
func volumeOf(sys alsa.System, d alsa.Device) string {
	mixer, err := alsa.OpenMixer(sys, d.Card.Number)
	if err != nil {
		return ""
	}
	defer mixer.Close()
	elements, err := writable(mixer)
	if err != nil {
		return ""
	}
	volumes, _ := pickElements(elements, volumeNames(d.Stream))
	if len(volumes) == 0 {
		return ""
	}
	return volumes[0].Name
}
