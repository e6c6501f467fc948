package media

import (
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// feedback is what a peer reports about a stream we send.
type feedback struct {
	mu       sync.Mutex
	fraction float64
	rtt      time.Duration
}

// note takes reception reports (RFC 3550 6.4.1).
func (f *feedback) note(reports []rtcp.ReceptionReport, ssrc uint32, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range reports {
		if r.SSRC != ssrc {
			continue
		}
		f.fraction = float64(r.FractionLost) / 256
		if rtt, ok := roundTrip(now, r.LastSenderReport, r.Delay); ok {
			f.rtt = rtt
		}
	}
}

func (f *feedback) get() (fraction float64, rtt time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fraction, f.rtt
}

// roundTrip computes now − LSR − DLSR in units of 1/65536 s. What a peer makes
// up (negative, above a minute) is refused.
func roundTrip(now time.Time, lastSR, delay uint32) (time.Duration, bool) {
	if lastSR == 0 {
		return 0, false
	}
	ticks := int32(middleNTP(now) - lastSR - delay)
	rtt := time.Duration(ticks) * time.Second / 65536
	return rtt, rtt >= 0 && rtt < time.Minute
}

// middleNTP is the middle 32 bits of the NTP time (RFC 3550 4).
func middleNTP(t time.Time) uint32 {
	const epoch = 2208988800 // from 1900 to 1970, s
	seconds := uint64(t.Unix()) + epoch
	fraction := uint64(t.Nanosecond()) << 16 / 1e9
	return uint32(seconds<<16 | fraction)
}

// totals are counters at one moment, to compute rates from.
type totals struct{ sent, received uint64 } // bytes

// reportStats tells of PeerStats each interval while the connection is of use.
func (p *peer) reportStats() {
	ticker := time.NewTicker(p.params.StatsInterval)
	defer ticker.Stop()
	before := map[call.Kind]totals{}
	last := time.Now()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.dead:
			return
		case now := <-ticker.C:
			p.tell(call.PeerStats{Peer: p.key, Report: p.report(before, now.Sub(last))})
			last = now
		}
	}
}

// report describes the time since before, and brings before up to date.
func (p *peer) report(before map[call.Kind]totals, elapsed time.Duration) call.StatsReport {
	var r call.StatsReport
	r.Audio = p.mediaStats(call.KindAudio, &p.remote.audio, before, elapsed)
	r.Video = p.mediaStats(call.KindVideo, &p.remote.video, before, elapsed)
	for _, o := range p.outlets {
		if _, rtt := o.feedback.get(); rtt > 0 {
			r.RoundTripTime = rtt
		}
	}
	p.addPath(&r)
	return r
}

// addPath fills in the candidate types, and the round-trip time when RTCP has
// none yet.
func (p *peer) addPath(r *call.StatsReport) {
	transport := p.iceTransport()
	if transport == nil {
		return
	}
	if pair, err := transport.GetSelectedCandidatePair(); err == nil && pair != nil {
		r.LocalCandidate, r.RemoteCandidate = pair.Local.Typ.String(), pair.Remote.Typ.String()
	}
	if stats, ok := transport.GetSelectedCandidatePairStats(); ok && r.RoundTripTime == 0 {
		r.RoundTripTime = time.Duration(stats.CurrentRoundTripTime * float64(time.Second))
	}
}

func (p *peer) iceTransport() *webrtc.ICETransport {
	if t := p.pc.SCTP(); t != nil && t.Transport() != nil {
		return t.Transport().ICETransport()
	}
	return nil
}

func (p *peer) mediaStats(
	kind call.Kind, in *inbound, before map[call.Kind]totals, elapsed time.Duration,
) call.MediaStats {
	m := call.MediaStats{
		PacketsReceived: in.packets.Load(),
		PacketsLost:     in.lost.Load(),
		Jitter:          time.Duration(in.jitter.Load()),
		FramesReceived:  in.frames.Load(),
	}
	if name := in.codec.Load(); name != nil {
		m.Codec = string(*name)
	}
	now := totals{received: in.bytes.Load()}
	for _, o := range p.outlets {
		if o.kind == kind {
			now.sent = o.bytes.Load()
			o.fill(&m)
		}
	}
	m.SendBitrate = rate(now.sent-before[kind].sent, elapsed)
	m.ReceiveBitrate = rate(now.received-before[kind].received, elapsed)
	before[kind] = now
	if kind == call.KindAudio {
		m.FramesSent, m.FramesReceived = 0, 0
	}
	return m
}

// fill adds what is known of the sending direction.
func (o *outlet) fill(m *call.MediaStats) {
	m.PacketsSent, m.FramesSent = o.sent.Load(), o.frames.Load()
	m.FractionLost, _ = o.feedback.get()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.source == nil {
		return
	}
	m.Codec = string(o.source.name)
	if b := o.source.builder; b != nil {
		m.Width, m.Height = int(b.width.Load()), int(b.height.Load())
	}
}

// rate is bytes in elapsed as bit/s.
func rate(bytes uint64, elapsed time.Duration) int {
	if elapsed <= 0 {
		return 0
	}
	return int(float64(bytes) * 8 / elapsed.Seconds())
}
