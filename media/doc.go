// Package media is the adapter between call.Media and the world of WebRTC:
// PeerConnections by pion/webrtc, cameras and microphones by
// pion/mediadevices, codecs by openh264, libvpx and libopus.
//
// One [Engine] serves all calls. A PeerConnection has a goroutine of its own
// that carries out its commands in order. A camera or microphone is opened for
// the first stream that wants it and closed after the last, by an owner of its
// own, so that one that hangs does not hold up the other; each codec of it
// has at most one encoder, whose packets go to every peer that negotiated the
// codec, so three viewers cost one encoding. An encoder runs only while a
// peer has negotiated its codec.
//
//	driver ─ frames ─▶ source H264 ─┬─▶ outlet ─▶ PeerConnection A
//	            └────▶ source VP8   └─▶ outlet ─▶ PeerConnection B
//	remote Opus ─▶ playout.Voice ─▶ playout.Mixer ─▶ Config.Speaker
//
// The package guarantees: nothing is sent to a peer before its connection is
// up, and no new picture or sound after ClosePeer was taken up; muting is per session though encoders
// are shared; key frames asked for by peers are at least 300 ms apart; no
// description, candidate or packet from outside makes it panic or grow without
// bound; events come from one goroutine, in order per peer, and none after
// ClosePeer; when [Engine.Run] has returned, all its goroutines have ended and
// the devices are closed.
//
// It does not adapt to bandwidth beyond the limit a call sets, and it relies
// on drivers to unblock a pending read when they are closed.
package media
