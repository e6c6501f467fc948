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
//	                          tones ─────▲
//
// Frames that hardware has encoded ([EncodedFrame]) are passed through, and
// what peers wish is passed on to the hardware; peers of another codec get a
// smaller picture, encoded in software from the raw one beside the frame. A
// device that is lost during a call is opened again, at least once a second,
// and its picture comes back with a key frame.
//
// The package guarantees: nothing is sent to a peer before its connection is
// up, and no new picture or sound after ClosePeer was taken up; muting is per
// session though encoders are shared; key frames asked for by peers are at
// least 300 ms apart; the timestamps of sound and picture stay within 60 ms of
// one clock, whatever that of the sound card does; the announcing tone is never
// cut short; no description, candidate or packet from outside makes it panic or
// grow without bound; events come from one goroutine, in order per peer, and
// none after ClosePeer; when [Engine.Run] has returned, all its goroutines have
// ended and the devices are closed.
//
// It does not adapt to bandwidth beyond the limit a call sets, and it relies
// on drivers to unblock a pending read when they are closed.
package media
