// Package opus binds the part of libopus (RFC 6716) that a doorbell needs:
// mono speech at 48 kHz, encoded with in-band forward error correction and
// decoded with packet-loss concealment.
//
// An [Encoder] and a [Decoder] hold C memory until Close; every method after
// Close returns [ErrClosed]. Neither may be used from two goroutines at once.
// Packets given to a Decoder may be arbitrary bytes: a packet that is not Opus
// is an error, never a crash.
package opus
