package media

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func errorOf(k call.PeerKey) func(call.PeerError) bool {
	return func(e call.PeerError) bool { return e.Peer == k }
}

func TestOfferIsCompleteAndSmall(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		s := r.stream("s")
		began := time.Now()
		r.engine.Do(openVideo(1, s))
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		offer := wait(r, time.Second, descriptionOf(key(1)))
		assert.Less(t, time.Since(began), 50*time.Millisecond)
		assert.Equal(t, call.Offer, offer.Type)
		assert.Less(t, len(offer.SDP), 6000)
		require.NotEmpty(t, offer.Candidates)
		assert.Contains(t, offer.SDP, "a="+offer.Candidates[0].Candidate+"\r\n")
		assert.Contains(t, offer.SDP, "a=msid:"+s.ID())
		assert.Contains(t, offer.SDP, "VP8/90000")
		assert.Contains(t, offer.SDP, "packetization-mode=1;profile-level-id=42e01f")
		assert.Contains(t, offer.SDP, "useinbandfec=1")
		assert.NotContains(t, offer.SDP, "stereo")
		assert.Zero(t, r.engine.Stats()["rtp_packets_sent"], "nothing is sent before the connection is up")
	})
}

func TestBadDescriptionsAreErrorsOfThePeer(t *testing.T) {
	good := offerText([]string{"opus/48000/2"}, []string{"VP8/90000"})
	for name, tc := range map[string]struct{ offer, want string }{
		"empty":           {"", "apply remote offer: parse description: "},
		"junk":            {"\x00\xff\n\n", "apply remote offer: parse description: "},
		"no common codec": {offerText(nil, []string{"AV1/90000"}), "no common codec: peer offers AV1"},
		"no fingerprint":  {strings.ReplaceAll(good, "a=fingerprint", "a=x"), "apply remote offer: "},
		"no ufrag":        {strings.ReplaceAll(good, "a=ice-ufrag", "a=x"), "apply remote offer: "},
		"no mid":          {strings.ReplaceAll(good, "a=mid", "a=x"), "apply remote offer: "},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				r.engine.Do(openVideo(1, r.stream("s")))
				r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: tc.offer})
				e := wait(r, time.Second, errorOf(key(1)))
				assert.ErrorContains(t, e.Err, tc.want)
				_, answered := find(r, descriptionOf(key(1)))
				assert.False(t, answered)
			})
		})
	}
}

func TestUnreadableAnswerLeavesThePeerOpen(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		offer := wait(r, time.Second, descriptionOf(key(1)))
		r.engine.Do(call.ApplyAnswer{Peer: key(1), Answer: "nonsense"})
		wait(r, time.Second, errorOf(key(1)))
		r.engine.Do(call.ApplyAnswer{Peer: key(1), Answer: p.answer(offer.SDP)})
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		p.close()
	})
}

// withoutCandidates is a description as the SDK sends it first.
func withoutCandidates(text string) (bare string, candidates []call.Candidate) {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate:") && !strings.HasPrefix(line, "a=end-of") {
			b.WriteString(line)
		}
	}
	return b.String(), localCandidates(text)
}

func TestCandidatesBeforeTheDescriptionAreKept(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		bare, candidates := withoutCandidates(p.offer())
		junk := []call.Candidate{{Candidate: "rubbish"}, {Candidate: strings.Repeat("x", 5000)}, {Candidate: "candidate:1 1 udp 1 host.invalid 9 typ host"}}
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.AddCandidates{Peer: key(1), Candidates: append(junk, candidates...)})
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: bare})
		answer := wait(r, time.Second, descriptionOf(key(1)))
		bareAnswer, _ := withoutCandidates(answer.SDP)
		require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: bareAnswer}))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		_, failed := find(r, errorOf(key(1)))
		assert.False(t, failed, "bad candidates end no call")
		p.close()
	})
}

func TestCandidatesAreBounded(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.engine.Do(openVideo(1, r.stream("s")))
		for i := range 100 {
			var many []call.Candidate
			for j := range 100 {
				many = append(many, call.Candidate{Candidate: fmt.Sprintf("candidate:1 1 udp 1 10.9.%d.%d 9 typ host", i, j), SDPMid: "0"})
			}
			r.engine.Do(call.AddCandidates{Peer: key(1), Candidates: many})
		}
		synctest.Wait()
		p := r.newRemote(codecH264)
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: p.offer()})
		wait(r, time.Second, descriptionOf(key(1)))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnecting))
		p.close()
	})
}

func TestLateCandidatesAreToldSingly(t *testing.T) {
	// A gather timeout of 1 ns leaves every candidate for later.
	inBubble(t, func(c *Config) { c.GatherTimeout = 1 }, func(r *rig) {
		p := r.newRemote(codecH264)
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		offer := wait(r, time.Second, descriptionOf(key(1)))
		r.engine.Do(call.ApplyAnswer{Peer: key(1), Answer: p.answer(offer.SDP)})
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		told := map[string]bool{}
		for _, c := range offer.Candidates {
			told[c.Candidate] = true
		}
		for _, e := range r.all() {
			if late, ok := e.(call.LocalCandidates); ok {
				for _, c := range late.Candidates {
					assert.False(t, told[c.Candidate], "each is told once")
					told[c.Candidate] = true
					assert.Equal(t, "0", c.SDPMid)
					assert.Contains(t, late.SDP, c.Candidate)
				}
			}
		}
		assert.NotEmpty(t, told)
		p.close()
	})
}

func TestTellCandidate(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.CreateOffer{Peer: key(1)})
		offer := wait(r, time.Second, descriptionOf(key(1)))
		before := len(r.all())
		var p *peer
		for _, p = range r.engine.peers { // Run is idle inside the bubble
		}
		p.inbox.put(candidateFound{webrtc.ICECandidateInit{Candidate: offer.Candidates[0].Candidate}})
		p.inbox.put(candidateFound{webrtc.ICECandidateInit{Candidate: "candidate:9 1 udp 1 192.0.2.1 9 typ relay"}})
		p.inbox.put(candidateFound{webrtc.ICECandidateInit{Candidate: "candidate:9 1 udp 1 192.0.2.1 9 typ relay"}})
		synctest.Wait()
		require.Len(t, r.all(), before+1)
		late, ok := find(r, func(e call.LocalCandidates) bool { return e.Peer == key(1) })
		require.True(t, ok)
		assert.Equal(t, []call.Candidate{{Candidate: "candidate:9 1 udp 1 192.0.2.1 9 typ relay", SDPMid: "0"}}, late.Candidates)
	})
}

func TestAudioCallRefusesVideo(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecVP8)
		r.engine.Do(call.OpenPeer{Peer: key(1), CallType: call.Audio, Stream: r.stream("s")})
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: p.offer()})
		answer := wait(r, time.Second, descriptionOf(key(1)))
		require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		time.Sleep(time.Second)
		assert.Greater(t, p.loud.Load(), int64(30))
		assert.Zero(t, p.frames.Load())
		_, video, _ := strings.Cut(answer.SDP, "m=video")
		assert.Contains(t, video, "a=inactive")
		assert.Zero(t, r.engine.Stats()["encoders_vp8_started"])
		p.close()
	})
}

func TestForeignVideoStillGivesSound(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecVP8)
		offer := strings.ReplaceAll(p.offer(), "VP8/90000", "AV1/90000")
		r.engine.Do(openVideo(1, r.stream("s")))
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: offer})
		answer := wait(r, time.Second, descriptionOf(key(1)))
		assert.Contains(t, answer.SDP, "m=video 0 ")
		assert.NotContains(t, answer.SDP, "VP8")
		require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		time.Sleep(time.Second)
		assert.Greater(t, p.loud.Load(), int64(30))
		p.close()
	})
}

func TestReceiveOnly(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecVP8)
		r.callOut(call.OpenPeer{Peer: key(1), CallType: call.Video}, p)
		ready := wait(r, time.Second, func(e call.RemoteStreamReady) bool { return e.Peer == key(1) })
		require.NoError(t, r.engine.Attach(ready.Stream, Speaker{}))
		require.NoError(t, r.engine.Attach(ready.Stream, Speaker{}), "again changes nothing")
		p.speak()
		time.Sleep(time.Second)
		pcm, _ := r.ears.last()
		assert.Greater(t, loudness(pcm), 1000.0)
		assert.Zero(t, r.engine.Stats()["rtp_packets_sent"])
		p.close()
	})
}

func TestClosedPeerIsSilentAndTellsNothing(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		ready := wait(r, time.Second, func(e call.RemoteStreamReady) bool { return e.Peer == key(1) })
		require.NoError(t, r.engine.Attach(ready.Stream, Speaker{}))
		time.Sleep(500 * time.Millisecond)
		r.engine.Do(call.ClosePeer{Peer: key(1)})
		synctest.Wait()
		sent, events := r.engine.Stats()["rtp_packets_sent"], len(r.all())
		_, writes := r.ears.last()
		for _, cmd := range []call.MediaCommand{
			call.ClosePeer{Peer: key(1)}, call.CreateOffer{Peer: key(1)}, call.CreateAnswer{Peer: key(1)},
			call.ApplyAnswer{Peer: key(1)}, call.AddCandidates{Peer: key(1)}, call.SetMuted{Session: "none"},
		} {
			r.engine.Do(cmd) // of a peer that is gone: ignored
		}
		time.Sleep(10 * time.Second)
		assert.Equal(t, sent, r.engine.Stats()["rtp_packets_sent"])
		assert.Len(t, r.all(), events)
		_, after := r.ears.last()
		assert.LessOrEqual(t, after, writes+1)
		assert.ErrorContains(t, r.engine.Attach(ready.Stream, Speaker{}), "the stream has ended")
		p.close()
	})
}

func TestVanishedPeerIsDisconnectedThenFailed(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		require.NoError(t, r.router.Stop()) // the network is gone
		lost := time.Now()
		wait(r, 10*time.Second, stateOf(key(1), call.ConnectionDisconnected))
		assert.InDelta(t, 5, time.Since(lost).Seconds(), 2)
		wait(r, 40*time.Second, stateOf(key(1), call.ConnectionFailed))
		assert.InDelta(t, 30, time.Since(lost).Seconds(), 3)
		require.NoError(t, r.router.Start())
		p.close()
	})
}

func TestStatisticsAreReported(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		open := openVideo(1, r.stream("s"))
		open.StatsInterval = time.Second
		p := r.newRemote(codecH264)
		r.callOut(open, p)
		p.speak()
		time.Sleep(2500 * time.Millisecond)
		var report call.StatsReport
		for _, e := range r.all() {
			if e, ok := e.(call.PeerStats); ok {
				report = e.Report
			}
		}
		assert.Equal(t, "host", report.LocalCandidate)
		assert.NotEmpty(t, report.RemoteCandidate)
		assert.Equal(t, "H264", report.Video.Codec)
		assert.Equal(t, "opus", report.Audio.Codec)
		assert.Equal(t, testWidth, report.Video.Width)
		assert.Equal(t, testHeight, report.Video.Height)
		assert.Greater(t, report.Video.FramesSent, uint64(20))
		assert.Greater(t, report.Video.SendBitrate, 10000)
		assert.InDelta(t, 32000, report.Audio.SendBitrate, 20000)
		assert.InDelta(t, 32000, report.Audio.ReceiveBitrate, 20000)
		assert.Greater(t, report.Audio.PacketsReceived, uint64(50))
		assert.Zero(t, report.Audio.PacketsLost)
		assert.Less(t, report.Audio.Jitter, 5*time.Millisecond)
		p.close()
	})
}

func TestRecorderWritesSound(t *testing.T) {
	dir := t.TempDir()
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote()
		r.callOut(call.OpenPeer{Peer: key(7), CallType: call.Audio, Stream: r.stream("s")}, p)
		ready := wait(r, time.Second, func(e call.RemoteStreamReady) bool { return e.Peer == key(7) })
		assert.Equal(t, key(7), ready.Stream.Peer())
		require.NoError(t, r.engine.Attach(ready.Stream, Recorder{Dir: dir}))
		p.speak()
		time.Sleep(time.Second)
		r.engine.Do(call.ClosePeer{Peer: key(7)})
		p.close()
	})
	files, err := filepath.Glob(filepath.Join(dir, "7-*.ogg"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	assert.Equal(t, "OggS", string(raw[:4]))
	assert.Greater(t, len(raw), 2000)
}

func TestRecordingOfVideo(t *testing.T) {
	rec := newRecording(t.TempDir(), 5, time.Unix(0, 0))
	idr := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: []byte{0x78, 0, 3, 0x67, 1, 2}}
	key := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: []byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 64, 0, 48, 0}}
	rec.write(codecH264, idr, testLog())
	rec.write(codecVP8, key, testLog())
	rec.close(testLog())
	h264, err := os.ReadFile(rec.base + ".h264")
	require.NoError(t, err)
	assert.Equal(t, []byte{0, 0, 0, 1, 0x67, 1, 2}, h264)
	ivf, err := os.ReadFile(rec.base + ".ivf")
	require.NoError(t, err)
	assert.Equal(t, "DKIFVP80", string(ivf[:4])+string(ivf[8:12]))
	broken := newRecording(filepath.Join(t.TempDir(), "nowhere"), 5, time.Unix(0, 0))
	broken.write(codecH264, idr, testLog())
	broken.write(codecH264, idr, testLog())
	broken.close(testLog())
	assert.Equal(t, map[codecName]rtpWriter{codecH264: nil}, broken.files, "given up, once")
}

// otherSink is a sink of somebody else.
type otherSink struct{}

func (otherSink) SinkName() string { return "other" }

// otherStream is a stream of somebody else.
type otherStream struct{ call.LocalStream }

func (otherStream) Peer() call.PeerKey { return call.PeerKey{} }

func TestAttachErrors(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		ready := wait(r, time.Second, func(e call.RemoteStreamReady) bool { return e.Peer == key(1) })
		assert.ErrorContains(t, r.engine.Attach(ready.Stream, otherSink{}), "sinks of type media.otherSink are not supported")
		assert.ErrorContains(t, r.engine.Attach(otherStream{}, Speaker{}), "is not of this engine")
		assert.ErrorContains(t, r.engine.Attach(ready.Stream, Recorder{Dir: "/nonexistent"}), "record stream: ")
		p.close()
	})
}

func TestOpenPeerErrors(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		closed := r.stream("s")
		require.NoError(t, closed.Close())
		r.engine.Do(openVideo(1, closed))
		assert.ErrorContains(t, wait(r, time.Second, errorOf(key(1))).Err, "the stream is closed")
		r.engine.Do(openVideo(2, otherStream{}))
		assert.ErrorContains(t, wait(r, time.Second, errorOf(key(2))).Err, "not of this package")
		r.engine.Do(call.CreateOffer{Peer: key(2)})
		wait(r, time.Second, func(e call.PeerError) bool {
			return strings.Contains(e.Err.Error(), "the peer connection is of no use")
		})
		r.engine.Do(call.OpenPeer{Peer: key(2), CallType: call.Audio})
		synctest.Wait()
		assert.EqualValues(t, 2, r.engine.Stats()["peers"], "a key in use is not opened twice")
	})
}

func TestConnectionStates(t *testing.T) {
	for ice, want := range map[webrtc.ICEConnectionState]call.ConnectionState{
		webrtc.ICEConnectionStateNew:          call.ConnectionConnecting,
		webrtc.ICEConnectionStateChecking:     call.ConnectionConnecting,
		webrtc.ICEConnectionStateConnected:    call.ConnectionConnected,
		webrtc.ICEConnectionStateCompleted:    call.ConnectionCompleted,
		webrtc.ICEConnectionStateDisconnected: call.ConnectionDisconnected,
		webrtc.ICEConnectionStateFailed:       call.ConnectionFailed,
	} {
		got, ok := connectionState(ice)
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	_, ok := connectionState(webrtc.ICEConnectionStateClosed)
	assert.False(t, ok, "closing is our own doing")
}

func TestRoundTrip(t *testing.T) {
	now := time.Unix(1700000000, 500000000)
	ago := func(d time.Duration) uint32 { return middleNTP(now.Add(-d)) }
	for name, tc := range map[string]struct {
		lastSR, delay uint32
		want          time.Duration
		ok            bool
	}{
		"100 ms there and back": {ago(600 * time.Millisecond), 65536 / 2, 100 * time.Millisecond, true},
		"none sent yet":         {0, 0, 0, false},
		"negative":              {ago(100 * time.Millisecond), 65536, 0, false},
		"two minutes":           {ago(2 * time.Minute), 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := roundTrip(now, tc.lastSR, tc.delay)
			assert.Equal(t, tc.ok, ok)
			if ok {
				assert.InDelta(t, tc.want, got, float64(time.Millisecond))
			}
		})
	}
}

func TestFeedbackIsOfTheOwnStream(t *testing.T) {
	var f feedback
	f.note([]rtcp.ReceptionReport{{SSRC: 2, FractionLost: 255}, {SSRC: 1, FractionLost: 64}}, 1, time.Now())
	fraction, _ := f.get()
	assert.InDelta(t, 0.25, fraction, 0.001)
}

func TestInboundCountsLossAndJitter(t *testing.T) {
	in := inbound{clock: 48000}
	start := time.Unix(1700000000, 0)
	for i, seq := range []uint16{65534, 65535, 0, 2, 4, 3} {
		at := start.Add(time.Duration(seq-65534) * frameDuration)
		if i == 3 {
			at = at.Add(16 * time.Millisecond)
		}
		in.note(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(seq-65534) * 960}, Payload: []byte("12")}, at)
	}
	assert.EqualValues(t, 1, in.lost.Load(), "packet 1")
	assert.EqualValues(t, 6, in.packets.Load())
	assert.EqualValues(t, 12, in.bytes.Load())
	assert.InDelta(t, 1.8, float64(in.jitter.Load())/1e6, 0.4, "16 ms there and back, smoothed by 16")
}

// TestOneTrackOfAKind has a peer that sends two voices in one connection, as
// no client does. One is heard and counted; two would share a jitter buffer and
// the counters.
func TestOneTrackOfAKind(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		second, err := webrtc.NewTrackLocalStaticSample(codecOpus.capability(), "second", "remote")
		require.NoError(t, err)
		_, err = p.pc.AddTrack(second)
		require.NoError(t, err)
		r.engine.Do(openVideo(1, nil))
		r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: p.offer()})
		answer := wait(r, time.Second, descriptionOf(key(1)))
		require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
		wait(r, 5*time.Second, stateOf(key(1), call.ConnectionConnected))
		for range 100 {
			for _, voice := range []*webrtc.TrackLocalStaticSample{p.voice, second} {
				require.NoError(t, voice.WriteSample(media.Sample{Data: silence()[0], Duration: frameDuration}))
			}
			time.Sleep(frameDuration)
		}
		n := r.engine.Stats()["audio_packets_received"]
		assert.Greater(t, n, uint64(80))
		assert.LessOrEqual(t, n, uint64(100))
		p.close()
	})
}
