// Package camera makes cameras drivers of github.com/pion/mediadevices:
// [Register] makes one known, and mediadevices.GetUserMedia opens it by its
// device id like any other.
//
// The sources "auto", "usb", "csi" and /dev/… are cameras of the kernel (V4L2)
// and, for CSI cameras of current Raspberry Pi systems, of rpicam-vid. Each time
// one is opened, the cheapest way to the wanted picture is chosen anew, and told
// once to the log: the camera's own H.264, raw pictures into a hardware encoder,
// JPEG through a hardware decoder into it, or raw pictures for a software
// encoder. [Explain] tells without opening. Pictures that are encoded are an
// image.Image with Codec, Payload, KeyFrame, ForceKeyFrame, SetBitRate and Raw.
//
// The source "test" draws a moving pattern with the wall clock and the frame
// number burnt in. The source "file:PATH" replays a recording, H.264 in Annex-B
// format (ITU-T H.264 annex B) or VP8 or H.264 in an IVF container, round and
// round in its own time; its pictures stay encoded and arrive as [EncodedFrame].
//
// The package guarantees: a source is looked for anew each time it is opened, a
// kernel camera that was seen before also under another node number; nothing
// queues up: whoever reads late loses raw pictures, and of encoded ones all up
// to a key frame; a camera that is gone, busy, silent or none at all is an error
// that names the device and what to do; a codec that fails is replaced by the
// next best way while the camera is read; a reader returns io.EOF once the
// driver is closed, also when it was waiting, and closing returns when every
// goroutine and child has ended; a file of any content gives a clip or an error,
// never a panic, and takes at most [MaxFileSize] bytes and a bounded index.
//
// Limits: a camera that is passed through serves peers without H.264 only where
// there is a hardware decoder of H.264, as nothing else could look into its
// pictures in time. rpicam-vid's own H.264 (Raspberry Pi 5) never does, comes one
// picture late, and takes neither key frames nor bitrates on demand. While
// nobody reads, a camera stays on, for its exposure, but nothing is encoded; its
// own H.264 and rpicam-vid's are made all the same. A late reader of a recording
// delays it, because a picture that is left out would spoil those that refer to
// it. No profile of a recording is checked, and its pictures are played in the
// order of the file, which is wrong for H.264 with B-frames.
package camera
