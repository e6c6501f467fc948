package media

import "sync/atomic"

// counters are the numbers behind [Engine.Stats].
type counters struct {
	peers         atomic.Int64
	running       map[codecName]*atomic.Int64  // encoders now; keys fixed at construction
	started       map[codecName]*atomic.Uint64 // encoders ever
	videoFrames   atomic.Uint64
	keyForced     atomic.Uint64
	packetsSent   atomic.Uint64
	repeated      atomic.Uint64
	refused       atomic.Uint64
	videoReceived atomic.Uint64
	audioReceived atomic.Uint64
}

func newCounters() *counters {
	c := &counters{running: map[codecName]*atomic.Int64{}, started: map[codecName]*atomic.Uint64{}}
	for _, name := range codecNames() {
		c.running[name], c.started[name] = new(atomic.Int64), new(atomic.Uint64)
	}
	return c
}

// Stats returns the counters of the engine: encoders_CODEC (running now) and
// encoders_CODEC_started (ever) for h264, vp8 and opus; peers (PeerConnections
// now); video_frames_encoded; keyframes_forced; audio_concealed_frames (20 ms
// each, made up) and audio_recovered_frames (from redundancy); audio_delay_ms
// and audio_target_ms of the jitter buffer (of the slowest peer, now);
// rtp_packets_sent; rtp_packets_repeated; packets_refused (from outside, beyond
// what a peer may send); video_packets_received;
// audio_packets_received; speaker_failures. It may be called at any time.
func (e *Engine) Stats() map[string]uint64 {
	c, sound := e.counters, e.mixer.Stats()
	out := map[string]uint64{
		"peers":                  uint64(c.peers.Load()),
		"video_frames_encoded":   c.videoFrames.Load(),
		"keyframes_forced":       c.keyForced.Load(),
		"audio_concealed_frames": sound.Concealed,
		"audio_recovered_frames": sound.Recovered,
		"audio_delay_ms":         uint64(max(sound.Delay, 0).Milliseconds()),
		"audio_target_ms":        uint64(sound.Target.Milliseconds()),
		"rtp_packets_sent":       c.packetsSent.Load(),
		"rtp_packets_repeated":   c.repeated.Load(),
		"packets_refused":        c.refused.Load(),
		"video_packets_received": c.videoReceived.Load(),
		"audio_packets_received": c.audioReceived.Load(),
		"speaker_failures":       e.mixer.Failures(),
	}
	for _, name := range codecNames() {
		out["encoders_"+name.lower()] = uint64(c.running[name].Load())
		out["encoders_"+name.lower()+"_started"] = c.started[name].Load()
	}
	return out
}
