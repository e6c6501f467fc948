package netwatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// dumpTimeout bounds how long the kernel may take for an answer; it has it
// ready when it is asked.
const dumpTimeout = time.Second

// dumpBuffer is more than the kernel puts into one datagram of a list, bytes.
const dumpBuffer = 64 << 10

// dumpTries is how often a list is asked for that changes while the kernel
// makes it.
const dumpTries = 5

// look asks the kernel what there is.
func look() (network, error) {
	for try := 1; ; try++ {
		l, err := lists()
		if err == nil {
			return l.network(), nil
		}
		if !errors.Is(err, errInterrupted) || try == dumpTries {
			return network{}, fmt.Errorf("list network: %w", err)
		}
	}
}

// lists reads all lists over a socket of its own: nothing of an answer that was
// given up can come into the next.
func lists() (*list, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	l, err := dump(fd)
	return l, errors.Join(err, unix.Close(fd))
}

// dump lists links, addresses and routes over a socket.
func dump(fd int) (*list, error) {
	timeout := unix.NsecToTimeval(int64(dumpTimeout))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return nil, fmt.Errorf("set timeout: %w", err)
	}
	l, b := new(list), make([]byte, dumpBuffer)
	for i, ask := range []struct {
		what string
		kind uint16
		size int // of the struct that says more, all of it zero
	}{
		{"links", unix.RTM_GETLINK, unix.SizeofIfInfomsg},
		{"addresses", unix.RTM_GETADDR, unix.SizeofIfAddrmsg},
		{"routes", unix.RTM_GETROUTE, unix.SizeofRtMsg},
	} {
		if err := unix.Sendto(fd, request(ask.kind, uint32(i+1), ask.size), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return nil, fmt.Errorf("ask for %s: %w", ask.what, err)
		}
		if err := l.receive(fd, b); err != nil {
			return nil, fmt.Errorf("read %s: %w", ask.what, err)
		}
	}
	return l, nil
}

// request is a message that asks for a list.
func request(kind uint16, sequence uint32, size int) []byte {
	b := make([]byte, unix.NLMSG_HDRLEN+size)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	binary.NativeEndian.PutUint32(b[8:], sequence)
	return b
}

// receive reads one list to its end. b is for its datagrams.
func (l *list) receive(fd int, b []byte) error {
	for {
		n, from, err := unix.Recvfrom(fd, b, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue // another process has guessed our port
		}
		done, err := l.parse(b[:n])
		if done || err != nil {
			return err
		}
	}
}
