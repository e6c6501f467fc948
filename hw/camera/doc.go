// Package camera holds the simulated cameras, as drivers of
// github.com/pion/mediadevices: [Register] makes one known, and
// mediadevices.GetUserMedia opens it by its device id like any other.
//
// The source "test" draws a moving pattern with the wall clock and the frame
// number burnt in (see [Config]). The source "file:PATH" replays a recording,
// H.264 in Annex-B format (ITU-T H.264 annex B) or VP8 or H.264 in an IVF
// container, round and round in its own time; its pictures stay encoded and
// arrive as [EncodedFrame].
//
// The package guarantees: a source is opened anew each time; reading follows
// real time without drift and never queues: a late reader of the pattern loses
// pictures, a late reader of a recording delays it, because a picture that is
// left out would spoil those that refer to it; a reader returns io.EOF once the
// driver is closed, also when it was waiting; no goroutine is started; a file
// of any content gives a clip or an error, never a panic, and takes at most
// [MaxFileSize] bytes and a bounded index.
//
// It does not guarantee that a recording suits a WebRTC peer: no profile is
// checked, and pictures are played in the order of the file, which is wrong for
// H.264 with B-frames.
package camera
