package audio

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Specs that stand for no particular device.
const (
	CaptureTest  = "test" // a tone
	PlaybackNull = "null" // silence
	Auto         = "auto" // the best sound card

	filePrefix = "file:"
	hwPrefix   = "hw:"
	devPrefix  = "/dev/"
)

// cardSpec says which sound card is meant.
type cardSpec struct {
	auto   bool
	path   string // "/dev/snd/pcmC0D0c"
	card   string // number, id or name of the card
	device int    // -1: the first one with the direction
	exact  bool   // the card is meant by number or id, not by a part of its name
}

// parseCard understands "auto", "hw:CARD", "hw:CARD,DEV", a path below /dev, or
// a card's number, id or name.
func parseCard(spec string) (cardSpec, error) {
	switch {
	case spec == "":
		return cardSpec{}, errors.New("empty name of a sound card")
	case strings.ContainsFunc(spec, unicode.IsControl):
		return cardSpec{}, errors.New("control character in the name of a sound card")
	case spec == Auto:
		return cardSpec{auto: true, device: -1}, nil
	case strings.HasPrefix(spec, devPrefix):
		return cardSpec{path: spec}, nil
	case strings.HasPrefix(spec, "/"):
		return cardSpec{}, errors.New("not a path below /dev")
	}
	rest, isHW := strings.CutPrefix(spec, hwPrefix)
	if !isHW {
		return cardSpec{card: spec, device: -1}, nil
	}
	return parseHW(rest)
}

// parseHW understands CARD and CARD,DEV.
func parseHW(rest string) (cardSpec, error) {
	card, device, hasDevice := strings.Cut(rest, ",")
	out := cardSpec{card: card, device: -1, exact: true}
	if card == "" {
		return out, errors.New("hw: without a card")
	}
	if hasDevice {
		n, err := strconv.Atoi(device)
		if err != nil || n < 0 {
			return out, fmt.Errorf("hw: with %q as device, want a number", device)
		}
		out.device = n
	}
	return out, nil
}

// matches tells whether a card is meant.
func (c cardSpec) matches(card alsa.Card) bool {
	if c.card == strconv.Itoa(card.Number) || strings.EqualFold(c.card, card.ID) {
		return true
	}
	return !c.exact && (containsFold(card.Name, c.card) || containsFold(card.LongName, c.card))
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// choice is the device that was found for a spec, and why.
type choice struct {
	path   string
	card   string // id; "" for a path that is no known device
	number int    // of the card; -1 likewise
	why    string
}

// choose finds the device that a spec means. keep is the id of a card that
// "auto" must take, or empty.
func (c cardSpec) choose(devices []alsa.Device, stream alsa.Stream, keep string) (choice, error) {
	if c.path != "" {
		return c.choosePath(devices), nil
	}
	candidates := slices.DeleteFunc(slices.Clone(devices), func(d alsa.Device) bool {
		switch {
		case d.Stream != stream:
			return true
		case c.auto:
			return keep != "" && d.Card.ID != keep
		}
		return !c.matches(d.Card) || c.device >= 0 && d.Number != c.device
	})
	if len(candidates) == 0 {
		return choice{}, c.missing(devices, stream, keep)
	}
	best := slices.MinFunc(candidates, func(a, b alsa.Device) int { return c.compare(devices, a, b) })
	why := "configured"
	if c.auto {
		kind := kindOfCard(best)
		why = fmt.Sprintf("auto: %s, best of %d", kind, len(candidates))
	}
	return choice{path: best.Path(), card: best.Card.ID, number: best.Card.Number, why: why}, nil
}

func (c cardSpec) choosePath(devices []alsa.Device) choice {
	out := choice{path: c.path, number: -1, why: "configured"}
	for _, d := range devices {
		if d.Path() == c.path {
			out.card, out.number = d.Card.ID, d.Card.Number
		}
	}
	return out
}

// compare puts the better device first: for a name an exact id before a part of
// a name, for auto by kind of card, then the lower numbers.
func (c cardSpec) compare(devices []alsa.Device, a, b alsa.Device) int {
	rank := func(d alsa.Device) int {
		if c.auto {
			return -autoRank(devices, d)
		}
		if (cardSpec{card: c.card, exact: true}).matches(d.Card) {
			return 0
		}
		return 1
	}
	if r := rank(a) - rank(b); r != 0 {
		return r
	}
	if r := a.Card.Number - b.Card.Number; r != 0 {
		return r
	}
	return a.Number - b.Number
}

// missing says what there is in place of what was not found.
func (c cardSpec) missing(devices []alsa.Device, stream alsa.Stream, keep string) error {
	what := "microphone"
	if stream == alsa.StreamPlayback {
		what = "speaker"
	}
	var there []string
	for _, d := range devices {
		if d.Stream == stream {
			there = append(there, fmt.Sprintf("%s (hw:%d,%d)", d.Card.ID, d.Card.Number, d.Number))
		}
	}
	have := "no sound card has a " + what
	if len(there) > 0 {
		have = "there is " + strings.Join(there, ", ")
	}
	if keep != "" {
		return fmt.Errorf("card %s is gone: plug it in again", keep)
	}
	return fmt.Errorf("no such sound card: %s", have)
}

// kind of a card, for auto.
type kind string

const (
	kindUSB        kind = "USB card"
	kindHAT        kind = "card on the board's I²S"
	kindOnboard    kind = "built-in card"
	kindHeadphones kind = "headphone jack"
	kindHDMI       kind = "HDMI"
	kindLoopback   kind = "loopback"
	kindDummy      kind = "dummy card"
)

// kindOfCard goes by the driver's name, and for HDMI by the device's.
func kindOfCard(d alsa.Device) kind {
	text := strings.ToLower(d.Card.Driver + " " + d.Card.Name + " " + d.ID + " " + d.Name)
	switch driver := strings.ToLower(d.Card.Driver); {
	case driver == "loopback":
		return kindLoopback
	case driver == "dummy":
		return kindDummy
	case strings.Contains(text, "hdmi") || strings.Contains(text, "displayport"):
		return kindHDMI
	case strings.HasPrefix(driver, "usb"):
		return kindUSB
	case strings.Contains(text, "bcm2835"):
		return kindHeadphones
	case strings.HasPrefix(driver, "hda") || strings.HasPrefix(driver, "sof"):
		return kindOnboard
	}
	return kindHAT
}

// autoRank is higher for the better device. A card that has both directions
// shares one clock between them.
func autoRank(devices []alsa.Device, d alsa.Device) int {
	ranks := map[kind]int{
		kindUSB: 60, kindHAT: 60, kindOnboard: 40, kindHeadphones: 30, kindHDMI: 20, kindLoopback: 10,
	}
	both := slices.ContainsFunc(devices, func(x alsa.Device) bool {
		return x.Card.Number == d.Card.Number && x.Stream != d.Stream
	})
	if both {
		return ranks[kindOfCard(d)] + 5
	}
	return ranks[kindOfCard(d)]
}
