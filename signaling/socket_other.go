//go:build !linux

package signaling

import "net"

// limitRetransmission does nothing: TCP_USER_TIMEOUT is an option of Linux. The
// link's own bounds hold everywhere.
func limitRetransmission(net.Conn) {}
