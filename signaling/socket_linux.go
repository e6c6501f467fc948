package signaling

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout is for how long the kernel sends again what nobody acknowledges
// (TCP_USER_TIMEOUT, tcp(7)). Its own default is a quarter of an hour.
const userTimeout = 40 * time.Second

// limitRetransmission sets it. It is a net below the link's own bounds, so a
// kernel that cannot do it is no error.
func limitRetransmission(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}
