package alsatest

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// transfer reads or writes frames.
func (st *stream) transfer(request uintptr, x *alsa.XferI) error {
	if (request == alsa.IoctlReadI) != (st.direction == alsa.StreamCapture) {
		return unix.EINVAL
	}
	if err := st.failing(); err != nil {
		return err
	}
	room := st.hw - st.appl
	if st.direction == alsa.StreamPlayback {
		room += int64(st.setup.Buffer)
	}
	if room = min(room, int64(x.Frames)); room <= 0 {
		return unix.EAGAIN
	}
	buf := unsafe.Slice((*byte)(x.Buf), int(x.Frames)*st.setup.FrameBytes())
	for i := range room {
		frame := buf[int(i)*st.setup.FrameBytes():][:st.setup.FrameBytes()]
		if st.direction == alsa.StreamPlayback {
			st.sound = append(st.sound, sample(st.setup.Format, frame))
		} else {
			st.speak(frame, st.appl+i)
		}
	}
	st.appl += room
	x.Result = int(room)
	if st.state == alsa.StatePrepared && st.appl >= st.startAt {
		return st.both((*stream).mayStart, (*stream).start)
	}
	return nil
}

// speak puts what the microphone heard into all channels of a frame.
func (st *stream) speak(frame []byte, n int64) {
	at := st.anchor.Add(time.Duration(float64(n-st.anchorHW) / st.hz() * 1e9))
	value := st.card.listen(at)
	size := st.setup.Format.Bytes()
	for ch := range st.setup.Channels {
		place(st.setup.Format, frame[ch*size:], value)
	}
}

// listen is what sounds at a time.
func (c *Card) listen(at time.Time) int16 {
	if c.Speak != nil {
		return c.Speak(at.Sub(c.sys.began))
	}
	played := c.stream(alsa.StreamPlayback)
	if played == nil {
		return 0
	}
	for i := len(played.runs) - 1; i >= 0; i-- {
		r := played.runs[i]
		if at.Before(r.at) {
			continue
		}
		n := r.first + int64(at.Sub(r.at).Seconds()*played.hz())
		if n < int64(len(played.sound)) {
			return played.sound[n]
		}
		break
	}
	return 0
}

// sample reads a sample, its highest 16 bits.
func sample(f alsa.Format, b []byte) int16 {
	switch f {
	case alsa.FormatS16LE:
		return int16(binary.LittleEndian.Uint16(b))
	case alsa.FormatS32LE:
		return int16(binary.LittleEndian.Uint16(b[2:]))
	}
	return int16(binary.LittleEndian.Uint16(b[1:])) // 24 bits, in three or four bytes
}

// place is the reverse of sample.
func place(f alsa.Format, b []byte, value int16) {
	switch f {
	case alsa.FormatS16LE:
		binary.LittleEndian.PutUint16(b, uint16(value))
	case alsa.FormatS32LE:
		binary.LittleEndian.PutUint32(b, uint32(int32(value)<<16))
	case alsa.FormatS24LE:
		binary.LittleEndian.PutUint32(b, uint32(int32(value)<<8))
	default:
		b[0] = 0
		binary.LittleEndian.PutUint16(b[1:], uint16(value))
	}
}
