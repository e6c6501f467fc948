package alsa

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxElements of a card's mixer that are looked at; real ones have less than
// 500.
const maxElements = 2048

// maxValues is how many values an element has at most, by its type.
const maxValues = 128

// Element is a volume, a switch or another number of a card.
type Element struct {
	Name     string // as "Capture Volume", "PCM Playback Switch"
	Mixer    bool   // of the card's mixer, else of a PCM device
	Device   int    // that device's number
	Index    int    // for several of the same name
	Switch   bool
	Min, Max int // of a volume, in the hardware's steps
	Step     int // 0: any value
	Channels int

	id     ElemID
	wide   bool // values of 64 bits
	access uint32
}

// Writable tells whether setting it has an effect.
func (e Element) Writable() bool {
	return e.access&AccessWrite != 0 && e.access&AccessInactive == 0
}

// Value is a volume in the element's steps for 0 to 100 percent of its range.
func (e Element) Value(percent int) int {
	percent = min(max(percent, 0), 100)
	offset := ((e.Max-e.Min)*percent + 50) / 100
	if e.Step > 1 {
		offset = (offset + e.Step/2) / e.Step * e.Step
	}
	return min(e.Min+offset, e.Max)
}

// Mixer is a card's control device.
type Mixer struct{ f File }

// OpenMixer opens the controls of a card.
func OpenMixer(sys System, card int) (*Mixer, error) {
	f, err := sys.Open(ControlPath(card))
	if err != nil {
		return nil, err
	}
	return &Mixer{f: f}, nil
}

// Close is idempotent.
func (m *Mixer) Close() error { return m.f.Close() }

// Elements lists the numbers and switches of the mixer and of the PCM devices.
// Those that cannot be asked are left out.
func (m *Mixer) Elements() ([]Element, error) {
	var list ElemList
	if err := request(m.f, IoctlElemList, unsafe.Pointer(&list)); err != nil {
		return nil, err
	}
	if list.Count == 0 {
		return nil, nil
	}
	ids := make([]ElemID, min(list.Count, maxElements))
	list = ElemList{Space: uint32(len(ids)), PIDs: unsafe.Pointer(&ids[0])}
	if err := request(m.f, IoctlElemList, unsafe.Pointer(&list)); err != nil {
		return nil, err
	}
	var elements []Element
	for _, id := range ids[:min(int(list.Used), len(ids))] {
		if id.Iface != IfaceMixer && id.Iface != IfacePCM {
			continue
		}
		if e, ok := m.element(id); ok {
			elements = append(elements, e)
		}
	}
	return elements, nil
}

func (m *Mixer) element(id ElemID) (Element, bool) {
	info := ElemInfo{ID: id}
	if request(m.f, IoctlElemInfo, unsafe.Pointer(&info)) != nil {
		return Element{}, false
	}
	e := Element{
		Name: text(id.Name[:]), Index: int(id.Index), Mixer: id.Iface == IfaceMixer, Device: int(id.Device),
		Channels: int(min(info.Count, maxValues)),
		id:       id, access: info.Access,
	}
	switch info.Type {
	case ElemBoolean:
		e.Switch, e.Max = true, 1
	case ElemInteger:
		limits := (*[3]int)(unsafe.Pointer(&info.Value))
		e.Min, e.Max, e.Step = limits[0], limits[1], limits[2]
	case ElemInteger64:
		e.wide = true
		e.Channels = min(e.Channels, maxValues/2)
		e.Min, e.Max, e.Step = int(info.Value[0]), int(info.Value[1]), int(info.Value[2])
	default:
		return Element{}, false
	}
	return e, e.Channels > 0 && e.Max > e.Min
}

// Get reads the values of all channels.
func (m *Mixer) Get(e Element) ([]int, error) {
	v := ElemValue{ID: e.id}
	if err := request(m.f, IoctlElemRead, unsafe.Pointer(&v)); err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Name, err)
	}
	values := make([]int, e.Channels)
	for i := range values {
		values[i] = v.get(i, e.wide)
	}
	return values, nil
}

// Set gives all channels a value.
func (m *Mixer) Set(e Element, value int) error {
	if value < e.Min || value > e.Max {
		return fmt.Errorf("write %q: %d is not within %d and %d", e.Name, value, e.Min, e.Max)
	}
	v := ElemValue{ID: e.id}
	for i := range e.Channels {
		v.set(i, e.wide, value)
	}
	if err := request(m.f, IoctlElemWrite, unsafe.Pointer(&v)); err != nil {
		if errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("another program has locked it: %w", err)
		}
		return fmt.Errorf("write %q: %w", e.Name, err)
	}
	return nil
}

// get and set know that a long long is one value of its own size in the union.
func (v *ElemValue) get(i int, wide bool) int {
	if wide {
		return int((*[maxValues / 2]int64)(unsafe.Pointer(&v.Value))[i])
	}
	return v.Value.Longs[i]
}

func (v *ElemValue) set(i int, wide bool, value int) {
	if wide {
		(*[maxValues / 2]int64)(unsafe.Pointer(&v.Value))[i] = int64(value)
		return
	}
	v.Value.Longs[i] = value
}
