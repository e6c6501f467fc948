package media

import (
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawTrack is a sound track whose packets are the test's own, header and all.
type rawTrack struct {
	*webrtc.TrackLocalStaticSample
	mu     sync.Mutex
	writer webrtc.TrackLocalWriter
}

func (t *rawTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writer = ctx.WriteStream()
	return t.TrackLocalStaticSample.Bind(ctx)
}

func (t *rawTrack) write(header rtp.Header, payload []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.writer.WriteRTP(&header, payload)
}

// attack is what a peer in a call does in millisecond ms of the attack, seq
// counts its packets.
type attack func(p *remotePeer, raw *rawTrack, seq int)

// TestAttacksOfAPeerInACall has one peer of two attack for some seconds. The
// other must not notice, and the engine must be as before afterwards.
func TestAttacksOfAPeerInACall(t *testing.T) {
	small, large := make([]byte, 60), make([]byte, 1400)
	report := func(packet func(p *remotePeer, seq int) rtcp.Packet) attack {
		return func(p *remotePeer, _ *rawTrack, seq int) { _ = p.pc.WriteRTCP([]rtcp.Packet{packet(p, seq)}) }
	}
	for name, tc := range map[string]struct {
		rate    int // packets a second
		do      attack
		refused bool // are packets refused
		cut     bool // does it cost the attacker his call
	}{
		"key frames wanted": {10000, report(func(p *remotePeer, _ int) rtcp.Packet {
			return &rtcp.PictureLossIndication{MediaSSRC: p.videoSSRC.Load()}
		}), true, false},
		"full intra requests": {10000, report(func(p *remotePeer, seq int) rtcp.Packet {
			return &rtcp.FullIntraRequest{MediaSSRC: p.videoSSRC.Load(), FIR: []rtcp.FIREntry{{SSRC: p.videoSSRC.Load(), SequenceNumber: uint8(seq)}}}
		}), true, false},
		"everything wanted again": {10000, report(func(p *remotePeer, seq int) rtcp.Packet {
			nack := &rtcp.TransportLayerNack{MediaSSRC: p.videoSSRC.Load()}
			for i := range 250 {
				nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: uint16(seq + 17*i), LostPackets: 0xffff})
			}
			return nack
		}), true, false},
		"bandwidth estimates": {10000, report(func(p *remotePeer, _ int) rtcp.Packet {
			return &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1, SSRCs: []uint32{p.videoSSRC.Load()}}
		}), true, false},
		"malformed reports": {10000, report(func(p *remotePeer, seq int) rtcp.Packet {
			raw := rtcp.RawPacket(append([]byte{0x9f, 206, 0, 3}, make([]byte, 12)...))
			raw[1] = byte(192 + seq%32)
			return &raw
		}), true, false},
		"reports on everybody": {100, report(func(_ *remotePeer, seq int) rtcp.Packet {
			return &rtcp.PictureLossIndication{MediaSSRC: uint32(seq) + 1}
		}), false, true},
		"small packets": {30000, func(_ *remotePeer, raw *rawTrack, seq int) {
			raw.write(rtp.Header{Version: 2, PayloadType: 111, SSRC: 7, SequenceNumber: uint16(seq)}, small)
		}, true, false},
		"large packets": {4500, func(_ *remotePeer, raw *rawTrack, seq int) {
			raw.write(rtp.Header{Version: 2, PayloadType: 111, SSRC: 7, SequenceNumber: uint16(seq)}, large)
		}, true, false},
		"unknown payload types": {1000, func(_ *remotePeer, raw *rawTrack, seq int) {
			raw.write(rtp.Header{Version: 2, PayloadType: uint8(seq % 128), SSRC: 7, SequenceNumber: uint16(seq)}, small)
		}, false, false},
		"always another source": {1000, func(_ *remotePeer, raw *rawTrack, seq int) {
			raw.write(rtp.Header{Version: 2, PayloadType: 111, SSRC: uint32(seq) + 1}, small)
		}, false, true},
		"sources of unknown type": {1000, func(_ *remotePeer, raw *rawTrack, seq int) {
			raw.write(rtp.Header{Version: 2, PayloadType: 77, SSRC: uint32(seq) + 1}, small)
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				victim, attacker := r.newRemote(codecH264), r.newRemote(codecH264)
				raw := attacker.makeRaw()
				r.callOut(openVideo(1, r.stream("s")), victim)
				r.callOut(openVideo(2, r.stream("s")), attacker)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				goroutines, before, frames := runtime.NumGoroutine(), r.engine.Stats(), victim.frames.Load()

				const seconds = 2
				seq := 0
				for range seconds * 200 {
					for range max(tc.rate/200, 1) {
						tc.do(attacker, raw, seq)
						seq++
					}
					time.Sleep(5 * time.Millisecond)
				}
				synctest.Wait()

				after := r.engine.Stats()
				assert.GreaterOrEqual(t, victim.frames.Load()-frames, int64(seconds*testFPS-3), "the other gets all pictures")
				assert.LessOrEqual(t, after["keyframes_forced"]-before["keyframes_forced"], uint64(seconds*4))
				assert.LessOrEqual(t, after["rtp_packets_repeated"]-before["rtp_packets_repeated"], uint64(600))
				refused := int(after["packets_refused"] - before["packets_refused"])
				assert.Equal(t, tc.refused, refused > 0, "%d of %d packets refused", refused, seq)
				_, cut := find(r, errorOf(key(2)))
				assert.Equal(t, tc.cut, cut)
				if cut {
					wait(r, time.Second, stateOf(key(2), call.ConnectionFailed))
				}
				assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines+2*maxStreams)
				r.engine.Do(call.ClosePeer{Peer: key(2)})
				victim.close()
				attacker.close()
			})
		})
	}
}

// makeRaw lets the test write the packets of p's sound.
func (p *remotePeer) makeRaw() *rawTrack {
	p.t.Helper()
	raw := &rawTrack{TrackLocalStaticSample: p.voice}
	require.NoError(p.t, p.pc.GetSenders()[0].ReplaceTrack(raw))
	return raw
}

func TestWrongFingerprint(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		offer := wait(r, time.Second, descriptionOf(key(1)))
		answer := regexp.MustCompile(`(a=fingerprint:sha-256 ..):..`).ReplaceAllString(p.answer(offer.SDP), "$1:00")
		r.engine.Do(call.ApplyAnswer{Peer: key(1), Answer: answer})
		p.speak()
		e := wait(r, 3*time.Second, errorOf(key(1)))
		assert.ErrorIs(t, e.Err, errCertificate)
		wait(r, time.Second, stateOf(key(1), call.ConnectionFailed))
		time.Sleep(5 * time.Second)
		stats := r.engine.Stats()
		assert.Zero(t, stats["rtp_packets_sent"])
		assert.Zero(t, stats["audio_packets_received"])
		assert.Zero(t, p.audio.Load())
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		wait(r, time.Second, func(e call.PeerError) bool { return strings.Contains(e.Err.Error(), "is of no use") })
		p.close()
	})
}

func TestHandshakeThatNeverEnds(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.router.AddChunkFilter(func(c vnet.Chunk) bool {
			b := c.UserData()
			return len(b) == 0 || b[0] < 20 || b[0] > 63 // all but DTLS (RFC 7983)
		})
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		began := time.Now()
		e := wait(r, 2*dtlsTimeout, errorOf(key(1)))
		assert.ErrorContains(t, e.Err, "no DTLS handshake within 10s")
		assert.InDelta(t, dtlsTimeout.Seconds(), time.Since(began).Seconds(), 0.5)
		wait(r, time.Second, stateOf(key(1), call.ConnectionFailed))
		assert.Zero(t, r.engine.Stats()["rtp_packets_sent"])
		p.close()
	})
}

// TestFloodOfCommands has candidates without end, and descriptions, arrive for
// a peer that is busy gathering.
func TestFloodOfCommands(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		r.engine.Do(openVideo(2, r.stream("s")))
		flood := []call.Candidate{{Candidate: "candidate:1 1 udp 1 10.7.7.7 9 typ host", SDPMid: "0"}}
		for range 1000 {
			flood = append(flood, flood[0])
		}
		for range 10000 {
			r.engine.Do(call.AddCandidates{Peer: key(2), Candidates: flood})
			r.engine.Do(call.CreateAnswer{Peer: key(2), Offer: "nonsense"})
		}
		synctest.Wait()
		errors := 0
		for _, e := range r.all() {
			if e, ok := e.(call.PeerError); ok && e.Peer == key(2) {
				errors++
			}
		}
		assert.LessOrEqual(t, errors, 10000)
		frames := p.frames.Load()
		time.Sleep(time.Second)
		assert.Greater(t, p.frames.Load()-frames, int64(testFPS-2))
		p.close()
	})
}
