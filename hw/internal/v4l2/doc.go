// Package v4l2 opens cameras and memory-to-memory codecs of the kernel
// (Documentation/userspace-api/media/v4l). Below it is package uapi, the
// kernel's structures one to one.
//
// A [Device] is an open node: what it is, its formats and its controls. A
// [Capture] streams from a camera. An [Encoder] and a [Decoder] turn raw
// pictures into H.264 and JPEG into raw pictures in hardware; they are found by
// what they can do ([Encoders], [Decoders]), never by number.
//
// The package guarantees:
//   - nothing queues up: [Capture.Next] returns the newest picture and gives
//     older ones back to the driver, [Encoder.Encode] never blocks and drops a
//     picture for which there is no buffer, and both count what they drop;
//   - a wait ends at once when its context is cancelled and when the device is
//     closed by another goroutine;
//   - no goroutine is started: waiting happens in the caller's;
//   - memory of a buffer stays mapped until it is released, also when the
//     stream was closed or the device was unplugged before;
//   - a codec that takes pictures and gives none back is an error, not a
//     silence: [ErrStalled];
//   - errors name the node and wrap the kernel's error number.
//
// Methods may be called from several goroutines at once, but only one may wait
// in a Next at a time.
//
// The package does not guarantee that a driver tells the truth about rates, nor
// does it convert pixels; multi-planar formats of more than one plane of memory
// are refused.
package v4l2
