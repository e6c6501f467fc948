package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// Of linux/pkt_sched.h and linux/rtnetlink.h, where x/sys/unix has no name.
const (
	tcaKind          = 1
	tcaOptions       = 2
	tcaNetemLatency  = 10 // TCA_NETEM_LATENCY64
	tcaNetemJitter   = 11 // TCA_NETEM_JITTER64
	tcRoot           = 0xffffffff
	netemHandle      = 1 << 16
	netemQueueLength = 1000 // packets
)

// setNetem replaces what impairs the sending side of an interface.
func setNetem(name string, n wire.Netem) error {
	card, err := net.InterfaceByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	err = rtnetlink(qdiscMessage(unix.RTM_DELQDISC, 0, card.Index, nil))
	if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) { // none is there
		return fmt.Errorf("remove netem: %w", err)
	}
	if n == (wire.Netem{}) {
		return nil
	}
	message := qdiscMessage(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, card.Index, netemOptions(n))
	if err := rtnetlink(message); err != nil {
		return fmt.Errorf("set netem: %w", err)
	}
	return nil
}

// netemOptions is struct tc_netem_qopt and two attributes.
func netemOptions(n wire.Netem) []byte {
	var b []byte
	for _, field := range []uint32{0, netemQueueLength, uint32(min(n.Loss, 1) * math.MaxUint32), 0, 0, 0} {
		b = binary.NativeEndian.AppendUint32(b, field)
	}
	b = append(b, attribute(tcaNetemLatency, binary.NativeEndian.AppendUint64(nil, uint64(n.Delay)))...)
	return append(b, attribute(tcaNetemJitter, binary.NativeEndian.AppendUint64(nil, uint64(n.Jitter)))...)
}

// qdiscMessage is an rtnetlink message about the root queueing discipline of an
// interface: struct nlmsghdr, struct tcmsg and attributes.
func qdiscMessage(kind, flags uint16, index int, options []byte) []byte {
	body := make([]byte, 4, 64) // family, padding
	for _, field := range []uint32{uint32(index), netemHandle, tcRoot, 0} {
		body = binary.NativeEndian.AppendUint32(body, field)
	}
	if options != nil {
		body = append(body, attribute(tcaKind, []byte("netem\x00"))...)
		body = append(body, attribute(tcaOptions, options)...)
	}
	head := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	head = binary.NativeEndian.AppendUint16(head, kind)
	head = binary.NativeEndian.AppendUint16(head, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	head = append(head, make([]byte, 8)...) // sequence, port
	return append(head, body...)
}

// attribute is a struct rtattr with its value, padded to four bytes.
func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, (4-len(value)%4)%4)...)
}

// rtnetlink sends one message and returns what the kernel says of it.
func rtnetlink(message []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open rtnetlink: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send to rtnetlink: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return fmt.Errorf("receive from rtnetlink: %w", err)
	}
	return verdict(answer[:n])
}

// verdict reads an NLMSG_ERROR message: its code is 0 for done.
func verdict(answer []byte) error {
	if len(answer) < unix.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("rtnetlink answered with something else")
	}
	if code := int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}
