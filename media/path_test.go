package media

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
)

// probed waits for the answer to the newest Probe.
func (r *rig) probed(within time.Duration) (alive bool, after time.Duration) {
	r.t.Helper()
	began := time.Now()
	before := len(r.all())
	r.engine.Do(call.Probe{Peer: key(1)})
	r.eventually(within, "the probe is answered", func() bool {
		for _, e := range r.all()[before:] {
			if e, ok := e.(call.PathProbed); ok {
				assert.Equal(r.t, key(1), e.Peer)
				alive = e.Alive
				return true
			}
		}
		return false
	})
	return alive, time.Since(began)
}

func TestProbe(t *testing.T) {
	for name, tc := range map[string]struct {
		speaks bool // the peer sends sound
		cut    time.Duration
		alive  bool
		within time.Duration
	}{
		"a peer that speaks":                {true, 0, true, 50 * time.Millisecond},
		"a peer that sends nothing":         {false, 0, true, iceKeepalive + 20*time.Millisecond},
		"no way to the peer":                {true, time.Minute, false, probeTimeout + 20*time.Millisecond},
		"the way is open again in between":  {false, 100 * time.Millisecond, true, probeTimeout + 20*time.Millisecond},
		"the way is open again, and sounds": {true, 100 * time.Millisecond, true, 150 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				p := r.newRemote(codecH264)
				r.callOut(openVideo(1, r.stream("s")), p)
				if tc.speaks {
					p.speak()
				}
				time.Sleep(3 * time.Second)
				if tc.cut > 0 {
					r.cut.Store(true)
					time.Sleep(2 * time.Second)
					defer time.AfterFunc(tc.cut, func() { r.cut.Store(false) }).Stop()
				}
				alive, after := r.probed(time.Second)
				assert.Equal(t, tc.alive, alive)
				assert.LessOrEqual(t, after, tc.within)
				r.cut.Store(false)
				p.close()
			})
		})
	}
}

// TestProbeWhileICEGivesUp probes a dead path before, when and after ICE forgets
// the pair.
func TestProbeWhileICEGivesUp(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(2 * time.Second)
		r.cut.Store(true)
		time.Sleep(iceDisconnected + iceFailed - time.Second)
		for range 6 {
			alive, _ := r.probed(time.Second)
			assert.False(t, alive)
		}
		_, failed := find(r, stateOf(key(1), call.ConnectionFailed))
		assert.True(t, failed)
		p.close()
	})
}

// TestProbeSendsAPictureAtOnce: the next picture of the camera is up to 40 ms
// away, the last one is at hand.
func TestProbeSendsAPictureAtOnce(t *testing.T) {
	for _, codec := range []codecName{codecH264, codecVP8} {
		t.Run(string(codec), func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				p := r.newRemote(codec)
				r.callOut(openVideo(1, r.stream("s")), p)
				time.Sleep(2 * time.Second)
				for range 8 {
					frames, keys := p.frames.Load(), p.keyFrames.Load()
					r.eventually(time.Second, "a picture", func() bool { return p.frames.Load() > frames })
					frames = p.frames.Load()
					r.engine.Do(call.Probe{Peer: key(1)})
					r.eventually(20*time.Millisecond, "a key frame", func() bool { return p.keyFrames.Load() > keys })
					assert.Equal(t, frames+1, p.frames.Load())
					time.Sleep(time.Second)
				}
				p.close()
			})
		})
	}
}

func TestProbeOfNobody(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.engine.Do(call.Probe{Peer: key(1)}) // does not exist
		r.engine.Do(openVideo(1, r.stream("s")))
		alive, after := r.probed(time.Second) // is not connected
		assert.False(t, alive)
		assert.GreaterOrEqual(t, after, probeTimeout)
		before := len(r.all())
		r.engine.Do(call.Probe{Peer: key(1)})
		r.engine.Do(call.ClosePeer{Peer: key(1)})
		time.Sleep(time.Second)
		assert.Len(t, r.all(), before, "no event follows ClosePeer")
	})
}

// TestPictureAfterTheWayIsBack cuts the way to a peer whose own picture goes
// on. What counts is when the peer can show a picture again, and when both
// sides know.
func TestPictureAfterTheWayIsBack(t *testing.T) {
	for _, cut := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second, 12 * time.Second, 29 * time.Second} {
		t.Run(cut.String(), func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				p := r.newRemote(codecH264)
				r.callOut(openVideo(1, r.stream("s")), p)
				p.speak()
				time.Sleep(3 * time.Second)
				r.cut.Store(true)
				time.Sleep(cut)
				frames, keys, sent := p.frames.Load(), p.keyFrames.Load(), len(r.all())
				r.cut.Store(false)
				back := time.Now()
				r.eventually(time.Second, "a packet gets through", func() bool { return p.frames.Load() > frames })
				packet := time.Since(back)
				r.eventually(time.Second, "a key frame gets through", func() bool { return p.keyFrames.Load() > keys })
				picture := time.Since(back)
				assert.LessOrEqual(t, packet, 30*time.Millisecond, "the next picture of the camera may be 40 ms away")
				assert.LessOrEqual(t, picture, 50*time.Millisecond)
				told := time.Duration(0)
				if cut > iceDisconnected {
					r.eventually(time.Second, "the state is told", func() bool { return len(r.all()) > sent })
					told = time.Since(back)
					_, ok := find(r, stateOf(key(1), call.ConnectionDisconnected))
					assert.True(t, ok)
					assert.Equal(t, call.PeerState{Peer: key(1), State: call.ConnectionConnected}, r.all()[sent])
					assert.LessOrEqual(t, told, iceKeepalive+20*time.Millisecond)
				}
				t.Logf("first packet %s, first key frame %s, connected told %s after the way was back", packet, picture, told)
				assert.Equal(t, webrtc.PeerConnectionStateConnected, r.stateOfRemote(p))
				p.close()
			})
		})
	}
}

// TestNoNetwork tells the engine that the network is gone, which it need not
// find out then: nothing is sent, and the picture is back with the network.
func TestNoNetwork(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		p.speak()
		time.Sleep(2 * time.Second)
		r.engine.SetNetwork(false)
		time.Sleep(50 * time.Millisecond)
		frames, sounds := p.frames.Load(), p.audio.Load()
		time.Sleep(3 * time.Second)
		assert.Equal(t, frames, p.frames.Load())
		assert.Equal(t, sounds, p.audio.Load())
		r.engine.SetNetwork(true)
		r.eventually(time.Second, "the picture is back", func() bool { return p.frames.Load() > frames })
		p.close()
	})
}

// stateOfRemote is the state the other end is in once it had time to notice.
func (r *rig) stateOfRemote(p *remotePeer) webrtc.PeerConnectionState {
	time.Sleep(3 * time.Second)
	synctest.Wait()
	return p.pc.ConnectionState()
}

// TestSilenceCostsFewKeyFrames has a network that stutters for a minute.
func TestSilenceCostsFewKeyFrames(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		p.speak()
		time.Sleep(2 * time.Second)
		before := r.engine.Stats()["keyframes_forced"]
		for range 130 {
			r.cut.Store(true)
			time.Sleep(320 * time.Millisecond)
			r.cut.Store(false)
			time.Sleep(140 * time.Millisecond)
		}
		forced := r.engine.Stats()["keyframes_forced"] - before
		assert.Greater(t, forced, uint64(20))
		assert.LessOrEqual(t, forced, uint64(2*60), "at most two a second")
		p.close()
	})
}

func TestQuietPeersCostNoKeyFrames(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264) // sends nothing but answers
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(2 * time.Second)
		before := r.engine.Stats()["keyframes_forced"]
		time.Sleep(30 * time.Second)
		assert.Equal(t, before, r.engine.Stats()["keyframes_forced"])
		p.close()
	})
}

// TestPeerLeaves has a peer close its connection. It is told as failed unless
// signalling says first that the call is over.
func TestPeerLeaves(t *testing.T) {
	for name, tc := range map[string]struct {
		hangUp time.Duration // after; 0 is never
		told   bool
	}{
		"and says nothing":     {0, true},
		"and says so in time":  {leaveTime / 2, false},
		"and says so too late": {2 * leaveTime, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				open := openVideo(1, r.stream("s"))
				open.StatsInterval = time.Second
				p := r.newRemote(codecH264)
				r.callOut(open, p)
				time.Sleep(time.Second)
				p.close()
				if tc.hangUp > 0 {
					time.AfterFunc(tc.hangUp, func() { r.engine.Do(call.ClosePeer{Peer: key(1)}) })
				}
				time.Sleep(leaveTime + 50*time.Millisecond)
				_, told := find(r, stateOf(key(1), call.ConnectionFailed))
				assert.Equal(t, tc.told, told)
				events := len(r.all())
				time.Sleep(time.Minute)
				assert.Len(t, r.all(), events, "nothing more is told, statistics neither")
				_, failed := find(r, errorOf(key(1)))
				assert.False(t, failed, "leaving is no error")
			})
		})
	}
}

func TestProbeOfAPeerThatLeft(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		p := r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), p)
		time.Sleep(time.Second)
		p.close()
		time.Sleep(10 * time.Millisecond)
		alive, after := r.probed(time.Second)
		assert.False(t, alive)
		assert.LessOrEqual(t, after, 10*time.Millisecond, "there is nothing to wait for")
	})
}
