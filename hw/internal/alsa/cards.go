package alsa

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// maxDevices of a card that are looked at; the kernel gives out 32 at most.
const maxDevices = 32

const devDir = "/dev/snd"

// Card is a sound card.
type Card struct {
	Number   int    // changes when the card is plugged in again
	ID       string // chosen by the kernel or by udev, as "Device" or "Loopback"
	Driver   string // as "USB-Audio", "vc4-hdmi"
	Name     string
	LongName string // with the USB port, where it has one
}

// Device is one direction of one PCM device of a card.
type Device struct {
	Card       Card
	Number     int
	ID, Name   string
	Stream     Stream
	Subdevices int // how many can use it at once
	Free       int // how many more could at the moment
}

// Path of the device's node.
func (d Device) Path() string { return PCMPath(d.Card.Number, d.Number, d.Stream) }

// PCMPath is the node of a PCM device.
func PCMPath(card, device int, s Stream) string {
	direction := "p"
	if s == StreamCapture {
		direction = "c"
	}
	return fmt.Sprintf("%s/pcmC%dD%d%s", devDir, card, device, direction)
}

// ParsePCMPath is the reverse of PCMPath.
func ParsePCMPath(path string) (card, device int, s Stream, ok bool) {
	name, found := strings.CutPrefix(path, devDir+"/pcmC")
	if !found || name == "" {
		return 0, 0, 0, false
	}
	switch name[len(name)-1] {
	case 'p':
		s = StreamPlayback
	case 'c':
		s = StreamCapture
	default:
		return 0, 0, 0, false
	}
	numbers := strings.SplitN(name[:len(name)-1], "D", 2)
	if len(numbers) != 2 {
		return 0, 0, 0, false
	}
	card, err1 := strconv.Atoi(numbers[0])
	device, err2 := strconv.Atoi(numbers[1])
	return card, device, s, err1 == nil && err2 == nil && path == PCMPath(card, device, s)
}

// ControlPath is the node of a card's controls.
func ControlPath(card int) string { return fmt.Sprintf("%s/controlC%d", devDir, card) }

// List finds all devices of all cards, in the order of their numbers. No card
// at all is an empty list. Cards that cannot be asked are left out and named in
// the error; the list is good in spite of it.
func List(sys System) ([]Device, error) {
	numbers, err := cardNumbers(sys)
	if err != nil {
		return nil, nil // without a card the kernel makes no /dev/snd
	}
	var devices []Device
	var failed []error
	for _, n := range numbers {
		found, err := listCard(sys, n)
		if err != nil {
			failed = append(failed, fmt.Errorf("list card %d: %w", n, err))
		}
		devices = append(devices, found...)
	}
	return devices, errors.Join(failed...)
}

func cardNumbers(sys System) ([]int, error) {
	names, err := sys.ReadDir(devDir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, name := range names {
		if digits, ok := strings.CutPrefix(name, "controlC"); ok {
			if n, err := strconv.Atoi(digits); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func listCard(sys System, number int) (devices []Device, err error) {
	f, err := sys.Open(ControlPath(number))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	card, err := cardInfo(f)
	if err != nil {
		return nil, err
	}
	next := int32(-1)
	for range maxDevices {
		if err := request(f, IoctlPCMNextDevice, unsafe.Pointer(&next)); err != nil {
			return devices, err
		}
		if next < 0 {
			break
		}
		for _, s := range []Stream{StreamPlayback, StreamCapture} {
			info := PCMInfo{Device: uint32(next), Stream: s}
			if request(f, IoctlCtlPCMInfo, unsafe.Pointer(&info)) == nil { // ENOENT: not in this direction
				devices = append(devices, newDevice(card, info))
			}
		}
	}
	return devices, nil
}

func cardInfo(f File) (Card, error) {
	var info CardInfo
	if err := request(f, IoctlCardInfo, unsafe.Pointer(&info)); err != nil {
		return Card{}, err
	}
	return Card{
		Number: int(info.Card), ID: text(info.ID[:]), Driver: text(info.Driver[:]),
		Name: text(info.Name[:]), LongName: text(info.LongName[:]),
	}, nil
}

func newDevice(card Card, info PCMInfo) Device {
	return Device{
		Card: card, Number: int(info.Device), ID: text(info.ID[:]), Name: text(info.Name[:]),
		Stream: info.Stream, Subdevices: int(info.SubdevicesCount), Free: int(info.SubdevicesAvail),
	}
}

// Holder tells who has a PCM device open, as "name (pid 12)", or "" when nobody
// has or the kernel does not say.
func Holder(sys System, path string) string {
	card, device, _, ok := ParsePCMPath(path)
	if !ok {
		return ""
	}
	status, err := sys.ReadFile(fmt.Sprintf("/proc/asound/card%d/pcm%d%s/sub0/status",
		card, device, path[len(path)-1:]))
	if err != nil {
		return ""
	}
	thread := field(status, "owner_pid")
	if thread == "" {
		return ""
	}
	process, err := sys.ReadFile("/proc/" + thread + "/status")
	if err != nil {
		return "pid " + thread
	}
	return fmt.Sprintf("%s (pid %s)", field(process, "Name"), field(process, "Tgid"))
}

// field is the value after a key and a colon in a file of /proc, or "".
func field(content []byte, key string) string {
	for line := range strings.Lines(string(content)) {
		name, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
