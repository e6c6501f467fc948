package media

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endings are the ways in which calls of TestNothingIsLeftOfCalls end.
func endings() map[string]func(r *rig, s call.LocalStream) {
	return map[string]func(r *rig, s call.LocalStream){
		"hung up": func(r *rig, s call.LocalStream) {
			p := r.newRemote(codecH264)
			r.callOut(openVideo(1, s), p)
			p.speak()
			time.Sleep(300 * time.Millisecond)
			r.engine.Do(call.ClosePeer{Peer: key(1)})
			p.close()
		},
		"peer closes first": func(r *rig, s call.LocalStream) {
			p := r.newRemote(codecVP8)
			r.callOut(openVideo(1, s), p)
			p.close()
			time.Sleep(100 * time.Millisecond)
			r.engine.Do(call.ClosePeer{Peer: key(1)})
		},
		"network lost until ICE fails": func(r *rig, s call.LocalStream) {
			p := r.newRemote(codecH264)
			r.callOut(openVideo(1, s), p)
			before := len(r.all())
			r.cut.Store(true)
			r.eventually(time.Minute, "it fails", func() bool {
				for _, e := range r.all()[before:] {
					if e, ok := e.(call.PeerState); ok && e.State == call.ConnectionFailed {
						return true
					}
				}
				return false
			})
			r.engine.Do(call.ClosePeer{Peer: key(1)})
			r.cut.Store(false)
			p.close()
		},
		"never opened": func(r *rig, _ call.LocalStream) {
			r.engine.Do(call.OpenPeer{Peer: key(1), CallType: call.Video, Stream: otherStream{}})
			r.engine.Do(call.CreateOffer{Peer: key(1)})
			r.engine.Do(call.ClosePeer{Peer: key(1)})
		},
		"while gathering": func(r *rig, s call.LocalStream) {
			r.engine.Do(openVideo(1, s))
			r.engine.Do(call.CreateOffer{Peer: key(1)})
			r.engine.Do(call.ClosePeer{Peer: key(1)})
		},
		"offered, never answered": func(r *rig, s call.LocalStream) {
			r.engine.Do(openVideo(1, s))
			r.engine.Do(call.CreateOffer{Peer: key(1)})
			time.Sleep(time.Second)
			r.engine.Do(call.Probe{Peer: key(1)})
			r.engine.Do(call.ClosePeer{Peer: key(1)})
		},
		"refused description": func(r *rig, s call.LocalStream) {
			r.engine.Do(openVideo(1, s))
			r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: offerText(nil, []string{"AV1/90000"})})
			time.Sleep(100 * time.Millisecond)
			r.engine.Do(call.ClosePeer{Peer: key(1)})
		},
		"during the handshake": func(r *rig, s call.LocalStream) {
			p := r.newRemote(codecH264)
			r.engine.Do(openVideo(1, s))
			r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: p.offer()})
			time.Sleep(50 * time.Millisecond)
			answer, _ := lastDescription(r)
			require.NoError(r.t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
			time.Sleep(2 * time.Millisecond) // checks and handshake are under way
			r.engine.Do(call.ClosePeer{Peer: key(1)})
			p.close()
		},
		"wrong fingerprint": func(r *rig, s call.LocalStream) {
			p := r.newRemote(codecH264)
			r.engine.Do(openVideo(1, s))
			r.engine.Do(call.CreateAnswer{Peer: key(1), Offer: strings.Replace(p.offer(), "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:", 1)})
			time.Sleep(50 * time.Millisecond)
			answer, _ := lastDescription(r)
			require.NoError(r.t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
			time.Sleep(2 * time.Second)
			r.engine.Do(call.ClosePeer{Peer: key(1)})
			p.close()
		},
	}
}

func lastDescription(r *rig) (last call.LocalDescription, found bool) {
	for _, e := range r.all() {
		if e, ok := e.(call.LocalDescription); ok {
			last, found = e, true
		}
	}
	return last, found
}

// TestNothingIsLeftOfCalls makes calls that end in every way, six of each, and
// counts what runs afterwards.
func TestNothingIsLeftOfCalls(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				synctest.Wait()
				before := runtime.NumGoroutine()
				for range 6 {
					s := r.stream("s")
					end(r, s)
					require.NoError(t, s.Close())
					r.forget()
				}
				r.eventually(time.Minute, "every peer is closed", func() bool { return r.engine.Stats()["peers"] == 0 })
				time.Sleep(10 * time.Second) // longer than any of pion's timers
				synctest.Wait()
				assert.LessOrEqual(t, runtime.NumGoroutine(), before+2, "the run time's own come and go; six calls would leave six")
				assert.False(t, r.camera.isOpen.Load())
				assert.False(t, r.mic.isOpen.Load())
			})
		})
	}
}

// forget drops the events so far.
func (r *rig) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// descriptors counts the open files of this process (proc(5)).
func descriptors(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(files)
}

// TestNoSocketIsLeftOfCalls makes calls of the engine with itself over real
// sockets; every other one is given up while its sockets are being opened.
func TestNoSocketIsLeftOfCalls(t *testing.T) {
	engine, err := NewEngine(Config{IncludeLoopback: true}, testLog())
	require.NoError(t, err)
	events := make(chan call.MediaEvent, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx, func(e call.MediaEvent) { events <- e }) }()

	selfCall(t, engine, events)
	goroutines, files := settled(engine), descriptors(t)
	for i := range 50 {
		if i%2 == 0 {
			selfCall(t, engine, events)
			continue
		}
		for user := range 4 {
			engine.Do(call.OpenPeer{Peer: key(user), CallType: call.Audio})
			engine.Do(call.CreateOffer{Peer: key(user)})
			engine.Do(call.ClosePeer{Peer: key(user)})
		}
	}
	assert.LessOrEqual(t, settled(engine), goroutines+2, "goroutines of the run time come and go")
	assert.LessOrEqual(t, descriptors(t), files+2)
	cancel()
	assert.NoError(t, <-ended)
}

// selfCall connects two peers of an engine and closes them.
func selfCall(t *testing.T, engine *Engine, events <-chan call.MediaEvent) {
	t.Helper()
	for user := range 2 {
		engine.Do(call.OpenPeer{Peer: key(user), CallType: call.Audio})
	}
	engine.Do(call.CreateOffer{Peer: key(0)})
	up := map[call.PeerKey]bool{}
	for len(up) < 2 {
		switch e := (<-events).(type) {
		case call.LocalDescription:
			if e.Peer == key(0) && e.Type == call.Offer {
				engine.Do(call.CreateAnswer{Peer: key(1), Offer: e.SDP})
			} else if e.Peer == key(1) {
				engine.Do(call.ApplyAnswer{Peer: key(0), Answer: e.SDP})
			}
		case call.PeerState:
			if e.State == call.ConnectionConnected {
				up[e.Peer] = true
			}
		case call.PeerError:
			require.NoError(t, e.Err)
		}
	}
	for user := range 2 {
		engine.Do(call.ClosePeer{Peer: key(user)})
	}
}

// settled waits until all peers are gone and counts the goroutines left.
func settled(engine *Engine) int {
	for engine.Stats()["peers"] > 0 {
		runtime.Gosched()
	}
	n := runtime.NumGoroutine()
	for range 10000 { // what has ended may still be on its way out
		runtime.Gosched()
		n = min(n, runtime.NumGoroutine())
	}
	return n
}
