package uvc

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// unit is an extension unit descriptor with id 12 and one input.
func unit() []byte {
	d := append([]byte{0, 0x24, 0x06, 12}, guid[:]...)
	d = append(d, 15, 1, 3, 2, 0xff, 0x7f, 0)
	d[0] = byte(len(d))
	return d
}

func TestUnit(t *testing.T) {
	device := []byte{4, 1, 0, 2}
	other := unit()
	other[4]++
	tests := []struct {
		name string
		in   []byte
		want uint8
		ok   bool
	}{
		{"alone", unit(), 12, true},
		{"after others", slices.Concat(device, other, unit()), 12, true},
		{"other units only", slices.Concat(device, other), 0, false},
		{"cut off", unit()[:19], 0, false},
		{"length of zero", append([]byte{0, 0x24}, unit()...), 0, false},
		{"length of one", append([]byte{1, 0x24}, unit()...), 0, false},
		{"nothing", nil, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if id, ok := Unit(tt.in); id != tt.want || ok != tt.ok {
				t.Errorf("unit %d, %v", id, ok)
			}
		})
	}
}

func FuzzUnit(f *testing.F) {
	f.Add(unit())
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, ok := Unit(data); ok && len(data) < 20 {
			t.Error("found a unit where none fits")
		}
	})
}

// camera notes what is set and answers lengths.
type camera struct {
	length byte
	err    error
	got    []byte
	to     uint8
}

func (c *camera) UVCQuery(unit, selector, query uint8, data []byte) error {
	if unit != 12 {
		return syscall.ENOENT
	}
	switch query {
	case uapi.UVC_GET_LEN:
		data[0] = c.length
	case uapi.UVC_SET_CUR:
		c.got, c.to = slices.Clone(data), selector
	}
	return c.err
}

func TestControls(t *testing.T) {
	c := &camera{length: 4}
	if err := New(c, 12).ForceKeyFrame(); err != nil || c.to != 9 || !slices.Equal(c.got, []byte{0, 0, 2, 0}) {
		t.Errorf("key frame: %v, control %d %v", err, c.to, c.got)
	}
	c.length = 10
	want := []byte{0, 0, 0xd0, 0x12, 0x13, 0, 0x40, 0x42, 0x0f, 0}
	if err := New(c, 12).SetBitRate(1_000_000); err != nil || c.to != 14 || !slices.Equal(c.got, want) {
		t.Errorf("bitrate: %v, control %d %v", err, c.to, c.got)
	}
}

func TestControlsFail(t *testing.T) {
	tests := []struct {
		name string
		e    Encoder
		want string
	}{
		{"no unit", Encoder{}, "force key frame: the camera has no H.264 extension unit"},
		{"other unit", New(&camera{}, 3), "no such file"},
		{"unplugged", New(&camera{err: syscall.ENODEV}, 12), "no such device"},
		{"other layout", New(&camera{length: 9}, 12), "the camera's control has 9 bytes, want 4"},
	}
	for _, tt := range tests {
		if err := tt.e.ForceKeyFrame(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if err := New(&camera{err: syscall.ENODEV}, 12).SetBitRate(5); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("the kernel's error is lost: %v", err)
	}
	for _, bps := range []int{0, -1, 1 << 40} {
		if New(&camera{}, 12).SetBitRate(bps) == nil {
			t.Errorf("set %d bit/s", bps)
		}
	}
}
