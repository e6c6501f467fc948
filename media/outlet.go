package media

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// outlet is the way of one kind of media to one peer. It implements
// webrtc.TrackLocal: when pion has negotiated, Bind picks the codec and joins
// the shared source of it.
type outlet struct {
	kind   call.Kind
	stream *localStream
	limit  int // bit/s the peer wants at most, 0 is none
	sent   atomic.Uint64
	bytes  atomic.Uint64
	frames atomic.Uint64

	feedback feedback
	pace     pace

	mu      sync.Mutex
	live    bool // the connection is up
	source  *source
	writer  webrtc.TrackLocalWriter
	header  rtp.Header // of the next packet
	needKey bool       // nothing is decodable before the next key frame
}

// newOutlet makes the outlet of a stream's kind to a peer; kbit/s limit.
func newOutlet(kind call.Kind, stream *localStream, limit int) *outlet {
	o := &outlet{kind: kind, stream: stream}
	if kind == call.KindVideo {
		o.limit = limit * 1000
	}
	return o
}

// ID implements webrtc.TrackLocal.
func (o *outlet) ID() string { return string(o.kind) + "-" + o.stream.ID() }

// RID implements webrtc.TrackLocal.
func (o *outlet) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (o *outlet) StreamID() string { return o.stream.ID() }

// Kind implements webrtc.TrackLocal.
func (o *outlet) Kind() webrtc.RTPCodecType { return webrtc.NewRTPCodecType(string(o.kind)) }

// Bind implements webrtc.TrackLocal. Without a common codec it succeeds and
// sends nothing: pion would fail the whole description otherwise.
func (o *outlet) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	params, name := chooseCodec(o.kind, ctx.CodecParameters())
	if name == "" {
		return params, nil
	}
	src := o.stream.source(name)
	if src == nil {
		return params, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writer = ctx.WriteStream()
	o.header = rtp.Header{Version: 2, PayloadType: uint8(params.PayloadType), SSRC: uint32(ctx.SSRC())}
	o.source, o.needKey = src, o.kind == call.KindVideo
	src.add(o) // under the lock: a stop that follows must find it there
	return params, nil
}

// chooseCodec picks the first codec of our preference that was negotiated.
func chooseCodec(kind call.Kind, negotiated []webrtc.RTPCodecParameters) (webrtc.RTPCodecParameters, codecName) {
	for _, name := range codecNames() {
		if name.kind() != kind {
			continue
		}
		for _, params := range negotiated {
			if got, ok := nameOf(params.MimeType); ok && got == name {
				return params, name
			}
		}
	}
	if kind == call.KindAudio {
		return codecOpus.parameters(), ""
	}
	return codecH264.parameters(), ""
}

// Unbind implements webrtc.TrackLocal.
func (o *outlet) Unbind(webrtc.TrackLocalContext) error {
	o.stop()
	return nil
}

// start lets packets through: the connection is up. Video begins with a key
// frame, which is made at once.
func (o *outlet) start() {
	o.mu.Lock()
	o.live = true
	o.mu.Unlock()
	o.renew()
}

// stop ends sending: when it has returned, no packet is written any more.
func (o *outlet) stop() {
	o.mu.Lock()
	src := o.source
	o.live, o.source, o.writer = false, nil, nil
	o.mu.Unlock()
	if src != nil {
		src.remove(o)
	}
}

// wantKeyFrame passes on the peer's request for a key frame.
func (o *outlet) wantKeyFrame() {
	o.mu.Lock()
	src := o.source
	o.mu.Unlock()
	if src != nil && o.kind == call.KindVideo {
		src.control.wantKeyFrame(false)
	}
}

// renew makes the picture begin anew at once: the peer has missed some of it.
func (o *outlet) renew() {
	o.mu.Lock()
	src := o.source
	o.mu.Unlock()
	if src != nil && o.kind == call.KindVideo {
		src.control.wantKeyFrame(true)
	}
}

// restart says that an encoder begins anew: its first frames may rely on
// pictures that were never sent.
func (o *outlet) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.needKey = o.kind == call.KindVideo
}

// estimated takes a peer's estimate of what the path carries, bit/s.
func (o *outlet) estimated(now time.Time, bitrate float64) {
	o.adapt(now, func(a *allowance) { a.estimate(now, bitrate) })
}

// reported takes a peer's reports on what we sent.
func (o *outlet) reported(now time.Time, reports []rtcp.ReceptionReport) {
	ssrc := o.ssrc()
	o.feedback.note(reports, ssrc, now)
	for _, r := range reports {
		if r.SSRC == ssrc {
			o.adapt(now, func(a *allowance) { a.report(now, float64(r.FractionLost)/256) })
		}
	}
}

// adapt lets the encoder follow what the path takes.
func (o *outlet) adapt(now time.Time, f func(*allowance)) {
	o.mu.Lock()
	src := o.source
	o.mu.Unlock()
	if src != nil && o.kind == call.KindVideo && o.pace.take(now, o.bytes.Load(), src.limit, f) {
		src.log.Debug("the way to a peer takes another bitrate", "limit", o.pace.limit())
		src.retarget()
	}
}

// codec is the codec in use, "" before negotiation.
func (o *outlet) codec() codecName {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.source == nil {
		return ""
	}
	return o.source.name
}

// ssrc is the synchronisation source of the packets, 0 before negotiation.
func (o *outlet) ssrc() uint32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.header.SSRC
}

// silence is an Opus packet of 20 ms of digital silence: CELT, full band, mono
// (RFC 6716 3.1).
func silence() [][]byte { return [][]byte{{0xf8, 0xff, 0xfe}} }

// write sends a frame of src to the peer if it may have it.
func (o *outlet) write(src *source, p *packets) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.live || o.source != src {
		return
	}
	payloads := p.payloads
	switch {
	case o.stream.muted(o.kind) && o.kind == call.KindAudio:
		payloads = silence()
	case o.stream.muted(o.kind):
		o.needKey = true
		return
	case o.needKey && !p.key:
		src.control.wantKeyFrame(false)
		return
	}
	o.needKey = false
	o.frames.Add(1)
	o.send(src, payloads, p.timestamp)
}

func (o *outlet) send(src *source, payloads [][]byte, timestamp uint32) {
	for i, payload := range payloads {
		header := o.header
		header.Timestamp = timestamp
		header.Marker = i == len(payloads)-1 && o.kind == call.KindVideo
		o.header.SequenceNumber++
		if _, err := o.writer.WriteRTP(&header, payload); err != nil {
			o.needKey = o.kind == call.KindVideo
			return
		}
		o.sent.Add(1)
		o.bytes.Add(uint64(len(payload)))
		src.counters.packetsSent.Add(1)
	}
}
