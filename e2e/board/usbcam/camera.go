package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// options say what the camera shows.
type options struct {
	width, height, fps int
	silent             bool
	formats            []format            // at least one
	frames             map[format][][]byte // of each, shown in turn for ever
}

// camera is the state of the device. Only run touches it.
type camera struct {
	options
	cable io.ReadWriteCloser

	block    []byte    // the probe and commit block
	waiting  []request // bulk transfers without an answer yet
	payloads [][]byte  // what is left of the frame on its way
	frame    int       // the next one
	toggle   byte      // the frame identifier bit
	due      time.Time // when the next frame is there; zero before the first commit
}

func newCamera(o options, cable io.ReadWriteCloser) *camera {
	return &camera{options: o, cable: cable, block: probe(o.width, o.height, o.fps)}
}

// run is the device until ctx ends or the host controller lets go of it. It
// closes the cable.
func (c *camera) run(ctx context.Context) error {
	requests, failed := make(chan request), make(chan error, 1)
	readCtx, cancel := context.WithCancel(ctx)
	go func() { failed <- readAll(readCtx, c.cable, requests) }()
	err := c.loop(ctx, requests, failed)
	cancel()
	err = errors.Join(err, c.cable.Close())
	for range requests { // until the reader has ended
	}
	return err
}

// readAll reads requests until the cable is cut.
func readAll(ctx context.Context, cable io.Reader, to chan<- request) error {
	defer close(to)
	for {
		q, err := readRequest(cable)
		if err != nil {
			return err
		}
		select {
		case to <- q:
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *camera) loop(ctx context.Context, requests <-chan request, failed <-chan error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := c.stream(time.Now()); err != nil {
			return err
		}
		var tick <-chan time.Time
		if len(c.waiting) > 0 && !c.due.IsZero() && !c.silent {
			timer.Reset(time.Until(c.due))
			tick = timer.C
		}
		select {
		case q, open := <-requests:
			if !open {
				return <-failed
			}
			if err := c.handle(q); err != nil {
				return err
			}
		case <-tick:
		case <-ctx.Done():
			return nil
		}
	}
}

// handle does one request; bulk transfers wait for a frame.
func (c *camera) handle(q request) error {
	switch {
	case q.command == cmdUnlink:
		return c.send(unlinked(q.seq, c.unlink(q.unlink)))
	case q.endpoint != 0:
		c.waiting = append(c.waiting, q)
		return nil
	}
	reply, ok := c.control(q.setup, q.data)
	switch {
	case !ok:
		return c.send(answer(q.seq, statusStall, 0, nil))
	case q.in:
		reply = reply[:min(len(reply), q.length)]
		return c.send(answer(q.seq, statusOK, len(reply), reply))
	default:
		return c.send(answer(q.seq, statusOK, q.length, nil))
	}
}

// unlink takes a bulk transfer back; one that is not there was answered.
func (c *camera) unlink(seq uint32) int32 {
	for i, q := range c.waiting {
		if q.seq == seq {
			c.waiting = slices.Delete(c.waiting, i, i+1)
			return statusUnlinked
		}
	}
	return statusOK
}

// stream answers waiting transfers with the payloads of frames that are there.
func (c *camera) stream(now time.Time) error {
	for len(c.waiting) > 0 && !c.silent {
		if len(c.payloads) == 0 {
			if c.due.IsZero() || now.Before(c.due) {
				return nil
			}
			c.next(now)
		}
		q := c.waiting[0]
		c.waiting = c.waiting[1:]
		n := min(len(c.payloads[0]), q.length)
		if err := c.send(answer(q.seq, statusOK, n, c.payloads[0][:n])); err != nil {
			return err
		}
		if c.payloads[0] = c.payloads[0][n:]; len(c.payloads[0]) == 0 {
			c.payloads = c.payloads[1:]
		}
	}
	return nil
}

// Bits of a payload header (UVC 1.1, 2.4.3.3).
const (
	headerToggle = 1 << 0
	headerEnd    = 1 << 1
	headerIs     = 1 << 7
)

// next cuts the next frame into payloads. A camera that nobody read from for
// long does not make up for it.
func (c *camera) next(now time.Time) {
	frames := c.frames[c.formats[c.block[2]-1]]
	rest := frames[c.frame%len(frames)]
	c.frame++
	period := time.Second / time.Duration(c.fps)
	if c.due = c.due.Add(period); now.Sub(c.due) > period {
		c.due = now.Add(period)
	}
	c.toggle ^= headerToggle
	for len(rest) > 0 {
		n := min(len(rest), maxPayload-2)
		flags := headerIs | c.toggle
		if n == len(rest) {
			flags |= headerEnd
		}
		c.payloads = append(c.payloads, append([]byte{2, flags}, rest[:n]...))
		rest = rest[n:]
	}
}

func (c *camera) send(b []byte) error {
	if _, err := c.cable.Write(b); err != nil {
		return fmt.Errorf("write to host controller: %w", err)
	}
	return nil
}

// Requests: USB 2.0 table 9-4, UVC 1.1 table A-8.
const (
	getStatus        = 0x00
	clearFeature     = 0x01
	setFeature       = 0x03
	getDescriptor    = 0x06
	setConfiguration = 0x09
	setInterface     = 0x0b

	setCur  = 0x01
	getCur  = 0x81
	getMin  = 0x82
	getMax  = 0x83
	getLen  = 0x85
	getInfo = 0x86
	getDef  = 0x87
)

// vsCommit is the selector of the commit control.
const vsCommit = 2

// control answers a request on endpoint 0; not ok is a stall.
func (c *camera) control(setup, data []byte) (reply []byte, ok bool) {
	kind, code := setup[0]&0x60, setup[1]
	value, index := binary.LittleEndian.Uint16(setup[2:]), binary.LittleEndian.Uint16(setup[4:])
	switch {
	case kind == 0 && code == getDescriptor:
		return c.describe(byte(value>>8), byte(value))
	case kind == 0 && code == getStatus:
		return u16(0), true
	case kind == 0:
		return nil, slices.Contains([]byte{clearFeature, setFeature, setConfiguration, setInterface}, code)
	case kind == 0x20 && index&0xff == 1:
		return c.negotiate(code, byte(value>>8), data)
	}
	return nil, false
}

func (c *camera) describe(kind, index byte) ([]byte, bool) {
	switch kind {
	case descDevice:
		return deviceDescriptor(), true
	case descConfiguration:
		return configuration(c.width, c.height, c.fps, c.formats), true
	case descString:
		return stringDescriptor(index), true
	case descQualifier:
		return qualifier(), true
	}
	return nil, false
}

// negotiate is the probe and commit of a format. A commit starts a stream from
// its first frame.
func (c *camera) negotiate(code, selector byte, data []byte) ([]byte, bool) {
	switch code {
	case setCur:
		if len(data) < 8 || data[2] < 1 || int(data[2]) > len(c.formats) {
			return nil, false
		}
		copy(c.block[2:8], data[2:8]) // format, frame, interval
		if selector == vsCommit {
			c.payloads, c.frame, c.due = nil, 0, time.Now()
		}
		return nil, true
	case getCur, getMin, getMax, getDef:
		return c.block, true
	case getLen:
		return u16(probeLength), true
	case getInfo:
		return u8(3), true
	}
	return nil, false
}
