// Package pipeline runs a route of package plan: it opens camera and codecs,
// carries pictures from one to the next, and yields them encoded ([Frame]) or
// raw (*image.YCbCr).
//
// It guarantees: raw pictures never queue up, the newest replaces the one that
// nobody took; access units queue up to a bound, and when it is exceeded
// everything up to the next key frame is left out, so that what is delivered
// can always be decoded; while nobody reads, nothing is converted, decoded or
// encoded by this program or for it, nothing counts as dropped, and a reader who
// comes back begins with a key frame; a camera that delivers nothing, a codec
// that stalls and a device that is gone are errors of [Stream.Read] that name
// the device; [Stream.Close] ends a Read under way and returns when every
// goroutine has ended, every device is closed and every child has exited.
//
// A picture that [Stream.Read] returned is overwritten after poolSize more:
// readers behind mediadevices' broadcaster share pictures and never give them
// back.
package pipeline
