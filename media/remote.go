package media

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/media/playout"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Speaker is the sink for the sound of a remote stream: the engine's
// Config.Speaker, mixed with the sound of the other peers.
type Speaker struct{}

// SinkName implements call.Sink.
func (Speaker) SinkName() string { return "speaker" }

// remoteStream is what one peer sends. It implements call.RemoteStream.
type remoteStream struct {
	peer *peer

	mu       sync.Mutex
	kinds    []call.Kind
	voice    *playout.Voice // nil until a speaker is attached
	recorder *recording     // nil until a recorder is attached
	closed   bool

	audio inbound
	video inbound
}

func newRemoteStream(p *peer) *remoteStream {
	return &remoteStream{peer: p, audio: inbound{clock: 48000}, video: inbound{clock: 90000}}
}

// Peer implements call.RemoteStream.
func (r *remoteStream) Peer() call.PeerKey { return r.peer.key }

// Kinds implements call.RemoteStream.
func (r *remoteStream) Kinds() []call.Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kinds)
}

func (r *remoteStream) setKinds(kinds []call.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kinds = kinds
}

// Attach implements call.Media. It takes [Speaker] for sound and [Recorder]
// for sound and video; one of each per stream.
func (e *Engine) Attach(stream call.RemoteStream, sink call.Sink) error {
	r, ok := stream.(*remoteStream)
	if !ok || r.peer.engine != e {
		return fmt.Errorf("attach stream: %T is not of this engine", stream)
	}
	var err error
	switch sink := sink.(type) {
	case Speaker:
		err = r.attachSpeaker(e.mixer)
	case Recorder:
		err = r.attachRecorder(sink)
	default:
		err = fmt.Errorf("sinks of type %T are not supported", sink)
	}
	if err != nil {
		return fmt.Errorf("attach stream: %w", err)
	}
	return nil
}

func (r *remoteStream) attachSpeaker(m *playout.Mixer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return fmt.Errorf("the stream has ended")
	case r.voice != nil:
		return nil
	}
	voice, err := playout.NewVoice()
	if err != nil {
		return err
	}
	r.voice = voice
	m.Add(voice)
	return nil
}

// close detaches the sinks.
func (r *remoteStream) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.voice != nil {
		r.peer.engine.mixer.Remove(r.voice)
		if err := r.voice.Close(); err != nil {
			r.peer.log.Debug("close voice", "error", err)
		}
		r.voice = nil
	}
	if r.recorder != nil {
		r.recorder.close(r.peer.log)
		r.recorder = nil
	}
}

// take hands a packet that arrived at now to the sinks.
func (r *remoteStream) take(now time.Time, name codecName, packet *rtp.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == codecOpus && r.voice != nil && len(packet.Payload) > 0 {
		r.voice.Push(now, packet.SequenceNumber, packet.Timestamp, packet.Payload)
	}
	if r.recorder != nil {
		r.recorder.write(name, packet, r.peer.log)
	}
}

// receive starts reading a track that arrived.
func (p *peer) receive(track *webrtc.TrackRemote) {
	p.tasks.start(func() { p.readTrack(track) })
}

// readTrack reads packets until the track ends. Without a sink they are only
// counted: reading keeps RTCP going. Of several tracks of a kind, which the
// protocol does not have, the first counts.
func (p *peer) readTrack(track *webrtc.TrackRemote) {
	name, ok := nameOf(track.Codec().MimeType)
	if !ok {
		return
	}
	in, total := &p.remote.video, &p.engine.counters.videoReceived
	if name == codecOpus {
		in, total = &p.remote.audio, &p.engine.counters.audioReceived
	}
	if !in.taken.CompareAndSwap(false, true) {
		discard(track)
		return
	}
	in.codec.Store(&name)
	in.ssrc.Store(uint32(track.SSRC()))
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		p.path.heard()
		total.Add(1)
		now := time.Now()
		in.note(packet, now)
		p.remote.take(now, name, packet)
	}
}

// discard reads a track for nothing: unread packets would pile up.
func discard(track *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	for {
		if _, _, err := track.Read(buf); err != nil {
			return
		}
	}
}

// askKeyFrame asks the peer for a key frame (RFC 4585 6.3.1).
func (p *peer) askKeyFrame() {
	ssrc := p.remote.video.ssrc.Load()
	if ssrc == 0 {
		return
	}
	err := p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
	if err != nil {
		p.log.Debug("ask for key frame", "error", err)
	}
}

// readFeedback reads the RTCP of a sender until it stops. Without it neither
// key-frame requests nor repetitions work.
func (p *peer) readFeedback(sender *webrtc.RTPSender, o *outlet) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		p.path.heard()
		now := time.Now()
		for _, packet := range packets {
			switch packet := packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				o.wantKeyFrame()
			case *rtcp.ReceiverReport:
				o.reported(now, packet.Reports)
			case *rtcp.SenderReport:
				o.reported(now, packet.Reports)
			case *rtcp.ReceiverEstimatedMaximumBitrate:
				o.estimated(now, float64(packet.Bitrate))
			}
		}
	}
}

// inbound counts what arrives of one kind. Its goroutine writes, reports read.
type inbound struct {
	clock   int64 // RTP ticks a second
	taken   atomic.Bool
	codec   atomic.Pointer[codecName]
	ssrc    atomic.Uint32
	packets atomic.Uint64
	bytes   atomic.Uint64
	frames  atomic.Uint64
	lost    atomic.Int64
	jitter  atomic.Int64 // ns

	// Owned by the reading goroutine.
	first, highest int64 // extended sequence numbers
	transit        int64 // ticks
	estimate       float64
}

// note counts a packet (RFC 3550 A.1, A.3, A.8; without the restart logic).
func (in *inbound) note(p *rtp.Packet, now time.Time) {
	n := in.packets.Add(1)
	in.bytes.Add(uint64(len(p.Payload)))
	if p.Marker || in.clock == 48000 {
		in.frames.Add(1)
	}
	arrival := now.UnixNano() / 1000 * in.clock / 1000000
	transit := int64(int32(uint32(arrival) - p.Timestamp))
	if n == 1 {
		in.first, in.highest, in.transit = int64(p.SequenceNumber), int64(p.SequenceNumber), transit
		return
	}
	seq := in.highest + int64(int16(p.SequenceNumber-uint16(in.highest)))
	in.highest = max(in.highest, seq)
	in.lost.Store(in.highest - in.first + 1 - int64(n))
	d := int64(int32(uint32(transit) - uint32(in.transit)))
	in.transit = transit
	in.estimate += (float64(max(d, -d)) - in.estimate) / 16
	in.jitter.Store(int64(in.estimate * float64(time.Second) / float64(in.clock)))
}
