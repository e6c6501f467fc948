package main

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Commands of USB/IP; see Documentation/usb/usbip_protocol.rst.
const (
	cmdSubmit = 1
	cmdUnlink = 2
	retSubmit = 3
	retUnlink = 4
)

// headerLength is the length of every message without its data.
const headerLength = 48

// maxTransfer bounds the data of one request; the kernel sends a camera a few
// bytes of control data only.
const maxTransfer = 1 << 20

// Statuses of a transfer: negative errno numbers, as the kernel counts them.
const (
	statusOK       = 0
	statusStall    = -32  // EPIPE
	statusUnlinked = -104 // ECONNRESET
)

// request is what the kernel asks of the device.
type request struct {
	command  uint32
	seq      uint32
	in       bool // towards the host
	endpoint uint32
	length   int    // of the transfer, bytes
	setup    []byte // 8 bytes, of a control transfer
	data     []byte // towards the device
	unlink   uint32 // the request that cmdUnlink takes back
}

// readRequest reads one message.
func readRequest(r io.Reader) (request, error) {
	head := make([]byte, headerLength)
	if _, err := io.ReadFull(r, head); err != nil {
		return request{}, fmt.Errorf("read from host controller: %w", err)
	}
	field := func(at int) uint32 { return binary.BigEndian.Uint32(head[at:]) }
	q := request{command: field(0), seq: field(4), in: field(12) == 1, endpoint: field(16)}
	switch q.command {
	case cmdUnlink:
		q.unlink = field(20)
	case cmdSubmit:
		q.length, q.setup = int(field(24)), head[40:48]
		if q.length > maxTransfer {
			return q, fmt.Errorf("read from host controller: transfer of %d bytes", q.length)
		}
		if !q.in {
			q.data = make([]byte, q.length)
			if _, err := io.ReadFull(r, q.data); err != nil {
				return q, fmt.Errorf("read from host controller: %w", err)
			}
		}
	default:
		return q, fmt.Errorf("read from host controller: unknown command %d", q.command)
	}
	return q, nil
}

// answer is the reply to a transfer; data goes to the host.
func answer(seq uint32, status int32, length int, data []byte) []byte {
	b := message(retSubmit, seq, status)
	binary.BigEndian.PutUint32(b[24:], uint32(length))
	return append(b, data...)
}

// unlinked is the reply to cmdUnlink.
func unlinked(seq uint32, status int32) []byte { return message(retUnlink, seq, status) }

func message(command, seq uint32, status int32) []byte {
	b := make([]byte, headerLength)
	binary.BigEndian.PutUint32(b, command)
	binary.BigEndian.PutUint32(b[4:], seq)
	binary.BigEndian.PutUint32(b[20:], uint32(status))
	return b
}
