// Package vp8 encodes pictures as VP8 (RFC 6386) with libvpx, in real time.
//
// It binds the VP8 encoder alone: the general binding of mediadevices also
// links VP9 and the decoders, some 3 MB that a doorbell never uses.
//
// An [Encoder] belongs to one goroutine; only its controls may be used from
// others. It guarantees that a picture goes in and its packet comes out in the
// same call: nothing is kept back. It may drop a picture to keep its bitrate;
// the packet is empty then.
package vp8
