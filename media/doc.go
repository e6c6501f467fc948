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
// A [call.Probe] is answered within 400 ms, by anything that only the peer can
// have sent: decrypted SRTP or SRTCP, one of ICE's checks or an answer to ours,
// which go out four times a second. When a peer is heard again after a silence
// (300 ms if it sends media, a second if not), its picture and ours begin anew
// with key frames, at most twice a second; so a path that was interrupted for
// less than 30 s shows a picture with the first packets that get through: the
// last picture is encoded again when the next is not there yet. A path
// counts as disconnected 5 s after the last packet, also when its local address
// is gone, as failed 25 s later, and as connected 250 ms after the first packet
// at the latest. A peer that closes its connection counts as failed 250 ms
// later, unless the call is over by then.
//
// ICE is never restarted inside a PeerConnection. pion does that in 3 to 6 ms,
// but the protocol has no place for it: an SDK client answers every offer for
// reconnection with a new PeerConnection, whose fingerprint is another.
//
// Peers are not trusted with more than a call needs. Between pion and its
// sockets there is a gate: from the peer it lets in 2000 packets and 1.5 MB a
// second, of which 200 may be RTCP, from all others 400 packets; to addresses
// that did not answer yet it sends 400 checks a second. Of a peer's candidates
// 256 are looked at and 64 used, 16 of them mDNS names (asked for in the local
// network for 2 s; no other name is looked up); it may answer from 128 addresses,
// describe itself in 64 kB and use 32 streams. A peer that uses more streams,
// one whose certificate is not the announced one, and one that does not finish
// the DTLS handshake in 10 s are disconnected for good, which is told as a
// PeerError and the failed state.
//
// The package guarantees: nothing is sent to a peer before its connection is
// up, and no new picture or sound after ClosePeer was taken up; muting is per
// session though encoders are shared; key frames asked for by peers are at
// least 300 ms apart; the timestamps of sound and picture stay within 60 ms of
// one clock, whatever that of the sound card does; the announcing tone is never
// cut short; no description, candidate or packet from outside makes it panic or
// grow without bound, and none opens a device; events come from one goroutine, in
// order per peer, and none after ClosePeer; when [Engine.Run] has returned, all
// its goroutines have ended and the devices are closed.
//
// The bitrate of a picture is the least of what the configuration, the limits
// of calls and the paths of all its viewers allow, but 100 kbit/s. What a path
// takes is known from the estimates (REMB) and the losses that peers report, so
// it takes some seconds to find out, and a camera whose bitrate cannot be set
// goes on as it is. Packets are not paced: a key frame must fit the queue of the
// narrowest hop. Sound is never reduced.
//
// The package relies on drivers to unblock a pending read when they are closed.
package media
