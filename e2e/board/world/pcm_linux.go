package main

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

type direction int

const (
	playback direction = iota
	capture
)

// Of include/uapi/sound/asound.h for 64-bit machines.
const (
	ioctlHWParams = 3<<30 | 608<<16 | 'A'<<8 | 0x11 // SNDRV_PCM_IOCTL_HW_PARAMS
	ioctlPrepare  = 'A'<<8 | 0x40                   // SNDRV_PCM_IOCTL_PREPARE
	ioctlWrite    = 1<<30 | 24<<16 | 'A'<<8 | 0x50  // SNDRV_PCM_IOCTL_WRITEI_FRAMES
	ioctlRead     = 2<<30 | 24<<16 | 'A'<<8 | 0x51  // SNDRV_PCM_IOCTL_READI_FRAMES

	accessInterleaved = 3
	formatS16LE       = 2

	maskAccess, maskFormat = 0, 1
	intervalChannels       = 10 - 8 // intervals are numbered from 8
	intervalRate           = 11 - 8
	intervalPeriodSize     = 13 - 8
	intervalPeriods        = 15 - 8

	intervalInteger = 1 << 2
)

// interval is struct snd_interval.
type interval struct{ min, max, flags uint32 }

// hwParams is struct snd_pcm_hw_params.
type hwParams struct {
	flags                      uint32
	masks                      [8][8]uint32
	intervals                  [21]interval
	rmask, cmask, info, msbits uint32
	rateNum, rateDen           uint32
	fifoSize                   uint64
	_                          [64]byte
}

// transferFrames is struct snd_xferi.
type transferFrames struct {
	result int64
	buffer unsafe.Pointer
	frames uint64
}

// pcm is an open sound device with 16-bit samples.
type pcm struct {
	device    string
	fd        int
	direction direction
	rate      int // Hz
	channels  int
}

// settings are tried in this order; the other end of a loopback may have
// settled on one already.
func settings() [][2]int {
	return [][2]int{{48000, 1}, {48000, 2}, {44100, 1}, {44100, 2}, {16000, 1}, {8000, 1}}
}

func openPCM(device string, d direction) (*pcm, error) {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", device, err)
	}
	for _, s := range settings() {
		p := &pcm{device: device, fd: fd, direction: d, rate: s[0], channels: s[1]}
		if err = p.configure(); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("set up %s: %w", device, err), unix.Close(fd))
}

// configure asks for four periods of 20 ms.
func (p *pcm) configure() error {
	var h hwParams
	for i := range h.masks {
		for j := range h.masks[i] {
			h.masks[i][j] = ^uint32(0)
		}
	}
	for i := range h.intervals {
		h.intervals[i].max = ^uint32(0)
	}
	h.rmask = ^uint32(0)
	h.masks[maskAccess] = [8]uint32{1 << accessInterleaved}
	h.masks[maskFormat] = [8]uint32{1 << formatS16LE}
	for at, value := range map[int]int{
		intervalChannels: p.channels, intervalRate: p.rate, intervalPeriodSize: p.rate / 50, intervalPeriods: 4,
	} {
		h.intervals[at] = interval{uint32(value), uint32(value), intervalInteger}
	}
	if err := p.ioctl(ioctlHWParams, unsafe.Pointer(&h)); err != nil {
		return err
	}
	return p.ioctl(ioctlPrepare, nil)
}

// transfer plays or records all of frames. After an underrun or overrun it goes
// on with what comes then.
func (p *pcm) transfer(frames []int16) error {
	request := uintptr(ioctlWrite)
	if p.direction == capture {
		request = ioctlRead
	}
	for len(frames) > 0 {
		t := transferFrames{buffer: unsafe.Pointer(&frames[0]), frames: uint64(len(frames) / p.channels)}
		err := p.ioctl(request, unsafe.Pointer(&t))
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := p.wait(); err != nil {
				return err
			}
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EIO), errors.Is(err, unix.EBADFD):
			if err := p.recover(); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("transfer sound: %w", err)
		default:
			frames = frames[int(t.result)*p.channels:]
		}
	}
	return nil
}

// waitLimit is how long a device that runs may stand still, in milliseconds.
const waitLimit = 1000

// wait waits until the device takes or has sound. One that stands still is
// started anew: a board that is starved of processor time can leave a loopback
// without anybody who wakes its far end, and the kernel's own wait, in a
// blocking transfer, is then for ever.
func (p *pcm) wait() error {
	events := int16(unix.POLLOUT)
	if p.direction == capture {
		events = unix.POLLIN
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: events}}, waitLimit)
	switch {
	case errors.Is(err, unix.EINTR) || n > 0:
		return nil // the next transfer tells what it is
	case err != nil:
		return fmt.Errorf("wait for %s: %w", p.device, err)
	}
	return p.recover()
}

// recover starts the device anew after an xrun. When the other end of a
// loopback has changed its mind at that moment, that takes a new set-up.
func (p *pcm) recover() error {
	err := p.ioctl(ioctlPrepare, nil)
	if err == nil {
		return nil
	}
	again, openErr := openPCM(p.device, p.direction)
	if openErr != nil {
		return fmt.Errorf("recover from an xrun: %w", errors.Join(err, openErr))
	}
	if again.rate != p.rate || again.channels != p.channels {
		again.close()
		return fmt.Errorf("recover from an xrun: %w; now %d Hz, %d channels", err, again.rate, again.channels)
	}
	p.close()
	*p = *again
	return nil
}

func (p *pcm) ioctl(request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

// close lets go of the device; there is nothing to be done about an error.
func (p *pcm) close() { _ = unix.Close(p.fd) }
