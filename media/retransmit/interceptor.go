package retransmit

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// Factory makes one [Interceptor] per PeerConnection. Repeated, when set,
// counts the packets sent again.
type Factory struct {
	Repeated *atomic.Uint64
}

// NewInterceptor implements interceptor.Factory.
func (f *Factory) NewInterceptor(string) (interceptor.Interceptor, error) {
	repeated := f.Repeated
	if repeated == nil {
		repeated = new(atomic.Uint64)
	}
	return &Interceptor{repeated: repeated, streams: map[uint32]*stream{}}, nil
}

// Interceptor answers the negative acknowledgements of one PeerConnection.
// Payloads written through it are kept for up to 512 packets and must not be
// changed afterwards.
type Interceptor struct {
	interceptor.NoOp
	repeated *atomic.Uint64

	mu      sync.Mutex
	streams map[uint32]*stream // by SSRC
}

type stream struct {
	mu      sync.Mutex
	history *history
	writer  interceptor.RTPWriter
}

// BindLocalStream remembers the packets of streams that negotiated `nack`.
func (i *Interceptor) BindLocalStream(info *interceptor.StreamInfo, writer interceptor.RTPWriter) interceptor.RTPWriter {
	if !wantsNack(info) {
		return writer
	}
	s := &stream{history: newHistory(), writer: writer}
	i.mu.Lock()
	i.streams[info.SSRC] = s
	i.mu.Unlock()
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		s.mu.Lock()
		s.history.add(h, payload, time.Now())
		s.mu.Unlock()
		return writer.Write(h, payload, a)
	})
}

func wantsNack(info *interceptor.StreamInfo) bool {
	for _, fb := range info.RTCPFeedback {
		if fb.Type == "nack" && fb.Parameter == "" {
			return true
		}
	}
	return false
}

// UnbindLocalStream forgets a stream.
func (i *Interceptor) UnbindLocalStream(info *interceptor.StreamInfo) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.streams, info.SSRC)
}

// BindRTCPReader answers the acknowledgements that pass through reader.
func (i *Interceptor) BindRTCPReader(reader interceptor.RTCPReader) interceptor.RTCPReader {
	return interceptor.RTCPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, attr, err := reader.Read(b, a)
		if err != nil {
			return 0, nil, err
		}
		if attr == nil {
			attr = make(interceptor.Attributes)
		}
		pkts, err := attr.GetRTCPPackets(b[:n])
		if err != nil {
			return n, attr, nil // not RTCP: the reader after us says so
		}
		for _, p := range pkts {
			if nack, ok := p.(*rtcp.TransportLayerNack); ok {
				i.answer(nack)
			}
		}
		return n, attr, nil
	})
}

func (i *Interceptor) answer(nack *rtcp.TransportLayerNack) {
	i.mu.Lock()
	s := i.streams[nack.MediaSSRC]
	i.mu.Unlock()
	if s == nil {
		return
	}
	for _, pair := range nack.Nacks {
		more := true
		pair.Range(func(seq uint16) bool {
			more = i.repeat(s, seq)
			return more
		})
		if !more {
			return
		}
	}
}

// repeat answers one request. It reports whether another is worth a look.
func (i *Interceptor) repeat(s *stream, seq uint16) bool {
	s.mu.Lock()
	if !s.history.asked() {
		s.mu.Unlock()
		return false
	}
	header, payload, ok := s.history.take(seq, time.Now())
	s.mu.Unlock()
	if !ok {
		return true
	}
	i.repeated.Add(1)
	_, err := s.writer.Write(&header, payload, interceptor.Attributes{})
	return err == nil
}
