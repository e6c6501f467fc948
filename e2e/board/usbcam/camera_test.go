package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"image/jpeg"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// hostController is the kernel's end of the cable.
type hostController struct {
	t    *testing.T
	conn net.Conn
	seq  uint32
}

func both() []format { return []format{formatH264, formatJPEG} }

// plug runs a camera inside the test's bubble; the returned function unplugs
// it and gives its error.
func plug(t *testing.T, silent bool) (*hostController, func() error) {
	here, there := net.Pipe()
	o := options{width: 640, height: 360, fps: 10, silent: silent, formats: both(), frames: map[format][][]byte{
		formatH264: {[]byte("key frame"), bytes.Repeat([]byte("x"), 40000), []byte("third")},
		formatJPEG: {[]byte("jpeg")},
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- newCamera(o, there).run(ctx) }()
	return &hostController{t: t, conn: here}, func() error {
		cancel()
		err := <-done // it cuts the cable itself
		_ = here.Close()
		return err
	}
}

func (h *hostController) submit(endpoint uint32, in bool, length int, setup, data []byte) uint32 {
	h.t.Helper()
	h.seq++
	b := make([]byte, headerLength)
	binary.BigEndian.PutUint32(b, cmdSubmit)
	binary.BigEndian.PutUint32(b[4:], h.seq)
	if in {
		binary.BigEndian.PutUint32(b[12:], 1)
	}
	binary.BigEndian.PutUint32(b[16:], endpoint)
	binary.BigEndian.PutUint32(b[24:], uint32(length))
	copy(b[40:], setup)
	if _, err := h.conn.Write(append(b, data...)); err != nil {
		h.t.Fatal(err)
	}
	return h.seq
}

// reply is what came back.
type reply struct {
	command, seq uint32
	status       int32
	data         []byte
}

func (h *hostController) take(in bool) reply {
	h.t.Helper()
	head := make([]byte, headerLength)
	if _, err := io.ReadFull(h.conn, head); err != nil {
		h.t.Fatal(err)
	}
	r := reply{command: binary.BigEndian.Uint32(head), seq: binary.BigEndian.Uint32(head[4:]), status: int32(binary.BigEndian.Uint32(head[20:]))}
	if in && r.command == retSubmit && r.status == 0 {
		r.data = make([]byte, binary.BigEndian.Uint32(head[24:]))
		if _, err := io.ReadFull(h.conn, r.data); err != nil {
			h.t.Fatal(err)
		}
	}
	return r
}

// get makes a control transfer towards the host.
func (h *hostController) get(kind, code byte, value, index, length int) reply {
	h.t.Helper()
	h.submit(0, true, length, slices.Concat(u8(kind, code), u16(value), u16(index), u16(length)), nil)
	return h.take(true)
}

// commit starts a stream of a format.
func (h *hostController) commit(number byte) {
	h.t.Helper()
	block := probe(640, 360, 10)
	block[2] = number
	h.submit(0, false, len(block), slices.Concat(u8(0x21, setCur), u16(vsCommit<<8), u16(1), u16(len(block))), block)
	if r := h.take(false); r.status != statusOK {
		h.t.Fatalf("commit: %+v", r)
	}
}

// frame reads one frame by as many transfers as it takes.
func (h *hostController) frame() (data []byte, toggle byte) {
	h.t.Helper()
	for {
		h.submit(1, true, maxPayload, nil, nil)
		r := h.take(true)
		if len(r.data) < 2 || r.data[0] != 2 {
			h.t.Fatalf("payload %v", r.data)
		}
		data = append(data, r.data[2:]...)
		if r.data[1]&headerEnd != 0 {
			return data, r.data[1] & headerToggle
		}
	}
}

// Frames come whole, in order, in time, and each stream from its beginning.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unplug := plug(t, false)
		h.commit(1)
		began := time.Now()
		first, bit := h.frame()
		second, other := h.frame()
		if string(first) != "key frame" || len(second) != 40000 || bit == other {
			t.Errorf("frames of %d and %d bytes, toggle %d and %d", len(first), len(second), bit, other)
		}
		h.frame()
		if again, _ := h.frame(); string(again) != "key frame" {
			t.Errorf("after the last frame came %d bytes", len(again))
		}
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("four frames at 10 per second took %v", took)
		}
		h.commit(2)
		if picture, _ := h.frame(); string(picture) != "jpeg" {
			t.Errorf("the other format gave %q", picture)
		}
		if err := unplug(); err != nil {
			t.Errorf("unplugged: %v", err)
		}
	})
}

func TestUnlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unplug := plug(t, true)
		defer unplug()
		h.commit(1)
		waiting := h.submit(1, true, maxPayload, nil, nil)
		time.Sleep(time.Minute) // a silent camera answers no transfer
		for want, seq := range map[int32]uint32{statusUnlinked: waiting, statusOK: 99} {
			b := message(cmdUnlink, 1000, 0)
			binary.BigEndian.PutUint32(b[20:], seq)
			if _, err := h.conn.Write(b); err != nil {
				t.Fatal(err)
			}
			if r := h.take(false); r.command != retUnlink || r.seq != 1000 || r.status != want {
				t.Errorf("unlink of %d: %+v, want status %d", seq, r, want)
			}
		}
	})
}

func TestControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unplug := plug(t, false)
		defer unplug()
		for _, c := range []struct {
			name        string
			kind, code  byte
			value       int
			index, size int
			want        int // bytes; -1 is a stall
		}{
			{"device", 0x80, getDescriptor, descDevice << 8, 0, 64, 18},
			{"cut device", 0x80, getDescriptor, descDevice << 8, 0, 8, 8},
			{"configuration", 0x80, getDescriptor, descConfiguration << 8, 0, 4096, len(configuration(640, 360, 10, both()))},
			{"product", 0x80, getDescriptor, descString<<8 | 2, 0x409, 255, 2 + 2*len("Board Camera")},
			{"unknown descriptor", 0x80, getDescriptor, 0x2900, 0, 64, -1},
			{"probe", 0xa1, getCur, 1 << 8, 1, probeLength, probeLength},
			{"length", 0xa1, getLen, 1 << 8, 1, 2, 2},
			{"control interface", 0xa1, getCur, 1 << 8, 0, 1, -1},
		} {
			r := h.get(c.kind, c.code, c.value, c.index, c.size)
			got := len(r.data)
			if r.status == statusStall {
				got = -1
			}
			if got != c.want {
				t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
			}
		}
	})
}

// Descriptors are as long as they say, and so is the whole.
func TestConfiguration(t *testing.T) {
	for _, formats := range [][]format{both(), {formatJPEG}, {formatH264}} {
		all := configuration(640, 360, 15, formats)
		if n := int(binary.LittleEndian.Uint16(all[2:])); n != len(all) {
			t.Errorf("%v: %d bytes say %d", formats, len(all), n)
		}
		endpoints, numbers := 0, []byte(nil)
		for rest := all; len(rest) > 0; rest = rest[rest[0]:] {
			if int(rest[0]) > len(rest) || rest[0] < 2 {
				t.Fatalf("%v: descriptor of %d bytes, %d are left", formats, rest[0], len(rest))
			}
			switch {
			case rest[1] == descEndpoint:
				endpoints++
			case rest[1] == descClassInterface && (rest[2] == vsFormatMJPEG || rest[2] == vsFormatFrameBase):
				numbers = append(numbers, rest[3])
			}
		}
		if endpoints != 1 || !slices.Equal(numbers, []byte{1, 2}[:len(formats)]) {
			t.Errorf("%v: %d endpoints, formats have the numbers %v", formats, endpoints, numbers)
		}
	}
	if got := len(probe(640, 360, 15)); got != probeLength {
		t.Errorf("probe of %d bytes", got)
	}
}

// A number that no format has is refused.
func TestNegotiate(t *testing.T) {
	c := newCamera(options{width: 640, height: 360, fps: 10, formats: []format{formatJPEG}}, nil)
	for number, want := range map[byte]bool{0: false, 1: true, 2: false, 255: false} {
		block := probe(640, 360, 10)
		block[2] = number
		if _, ok := c.negotiate(setCur, vsCommit, block); ok != want {
			t.Errorf("format %d: taken %v", number, ok)
		}
	}
}

func TestReadRequest(t *testing.T) {
	large := message(cmdSubmit, 1, 0)
	binary.BigEndian.PutUint32(large[24:], maxTransfer+1)
	for name, b := range map[string][]byte{"nothing": nil, "cut": make([]byte, 20), "unknown": message(9, 1, 0), "large": large} {
		if _, err := readRequest(bytes.NewReader(b)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// Nothing that is read is larger than what came.
func FuzzReadRequest(f *testing.F) {
	f.Add(message(cmdUnlink, 1, 0))
	f.Add(append(message(cmdSubmit, 2, 0), make([]byte, 64)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readRequest(bytes.NewReader(b))
		if err == nil && len(q.data)+headerLength > len(b) {
			t.Errorf("%d bytes of data out of %d", len(q.data), len(b))
		}
	})
}

// The committed clip is what a camera sends: a key frame first, one access unit
// at a time, and all of the file.
func TestClip(t *testing.T) {
	file, err := os.ReadFile("../testdata/camera.h264")
	if err != nil {
		t.Fatal(err)
	}
	units := accessUnits(file)
	if len(units) != 60 || !bytes.Equal(bytes.Join(units, nil), file) {
		t.Fatalf("%d access units", len(units))
	}
	for i, u := range units {
		if idr := bytes.Contains(u, []byte{0, 0, 1, 0x65}); idr != (i%15 == 0) {
			t.Errorf("unit %d: key frame %v", i, idr)
		}
	}
	if got := accessUnits([]byte("no delimiter")); got != nil {
		t.Errorf("units %v of nothing", got)
	}
}

func TestPattern(t *testing.T) {
	frames, err := pattern(64, 48)
	if err != nil || len(frames) != patternFrames {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	for i, f := range frames {
		if picture, err := jpeg.Decode(bytes.NewReader(f)); err != nil || picture.Bounds().Dx() != 64 {
			t.Errorf("frame %d: %v", i, err)
		}
	}
	if bytes.Equal(frames[0], frames[1]) {
		t.Error("nothing moves")
	}
}
