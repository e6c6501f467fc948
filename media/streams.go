package media

import (
	"io"
	"sync/atomic"

	"github.com/pion/transport/v4/packetio"
)

// The bounds of what a peer may make us keep. A call has two streams in each
// direction and the reports on them; a source identifier more costs memory and
// a goroutine in pion.
const (
	maxStreams   = 32        // streams of RTP and RTCP in one connection
	packetBuffer = 256 << 10 // bytes of RTP of one stream that wait to be read
	reportBuffer = 32 << 10  // the same of RTCP
)

// streams counts what sources a peer has used in one connection. Packets are
// counted after they were authenticated, so it is the peer who does it.
type streams struct {
	count atomic.Int64
	over  func() // there are too many; told once, must not block
}

// buffer makes room for the packets of a new stream. It is a BufferFactory of
// pion's.
func (s *streams) buffer(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	n := s.count.Add(1)
	if n > maxStreams {
		if n == maxStreams+1 {
			s.over()
		}
		return noRoom{}
	}
	b := packetio.NewBuffer()
	b.SetLimitSize(packetBuffer)
	if kind == packetio.RTCPBufferPacket {
		b.SetLimitSize(reportBuffer)
	}
	return b
}

// noRoom takes everything and keeps nothing.
type noRoom struct{}

func (noRoom) Read([]byte) (int, error)    { return 0, io.EOF }
func (noRoom) Write(b []byte) (int, error) { return len(b), nil }
func (noRoom) Close() error                { return nil }
