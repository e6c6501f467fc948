package audio

import (
	"log/slog"
	"slices"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Simple names of the mixer elements that make a microphone or a speaker louder,
// in groups: the first group of which a card has a volume is set, so that the
// percentage counts once. All their switches are turned on.
func volumeNames(stream alsa.Stream) [][]string {
	if stream == alsa.StreamCapture {
		return [][]string{{"Capture"}, {"Mic Capture", "Mic"}, {"ADC Capture", "ADC PCM Capture", "Digital Capture", "Line Capture"}}
	}
	return [][]string{
		{"Master Playback", "Master"}, {"PCM Playback", "PCM"},
		{"Speaker Playback", "Headphone Playback", "Speaker", "Headphone"},
		{"Digital Playback", "Playback", "HDMI Playback"},
	}
}

// setVolume sets a card's volume and turns its switches on. A card that has
// none, or does not obey, is no reason not to use it: the log says so.
func setVolume(sys alsa.System, card int, stream alsa.Stream, percent *int, log *slog.Logger) {
	if percent == nil {
		return
	}
	log = log.With("volume", *percent)
	mixer, err := alsa.OpenMixer(sys, card)
	if err != nil {
		log.Warn("volume not set", "error", advise(sys, "", err))
		return
	}
	defer mixer.Close()
	elements, err := writable(mixer)
	if err != nil {
		log.Warn("volume not set", "error", err)
		return
	}
	volumes, switches := pickElements(elements, volumeNames(stream))
	if len(volumes) == 0 {
		log.Warn("volume not set: the card has none for this direction")
	}
	for _, e := range volumes {
		setElement(mixer, e, e.Value(*percent), log)
	}
	for _, e := range switches {
		if *percent > 0 {
			setElement(mixer, e, e.Max, log)
		}
	}
}

// writable lists the mixer's elements that can be set.
func writable(mixer *alsa.Mixer) ([]alsa.Element, error) {
	elements, err := mixer.Elements()
	return slices.DeleteFunc(elements, func(e alsa.Element) bool { return !e.Mixer || !e.Writable() }), err
}

func setElement(mixer *alsa.Mixer, e alsa.Element, value int, log *slog.Logger) {
	if err := mixer.Set(e, value); err != nil {
		log.Warn("mixer not set", "error", err)
		return
	}
	log.Debug("mixer set", "element", e.Name, "value", value, "min", e.Min, "max", e.Max)
}

// pickElements finds the volumes of the first group that has any, and the
// switches of all groups.
func pickElements(elements []alsa.Element, groups [][]string) (volumes, switches []alsa.Element) {
	for _, group := range groups {
		isVolumeSet := len(volumes) > 0
		for _, e := range elements {
			for _, name := range group {
				switch {
				case e.Switch && e.Name == name+" Switch":
					switches = append(switches, e)
				case !e.Switch && e.Name == name+" Volume" && !isVolumeSet:
					volumes = append(volumes, e)
				}
			}
		}
	}
	return volumes, switches
}
