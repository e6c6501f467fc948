// Package audio holds the microphone, as a driver of
// github.com/pion/mediadevices, and the loudspeaker, which mediadevices has no
// place for.
//
// [Register] makes a microphone known: a sound card, or in its place "test", a
// tone of 440 Hz, or "file:PATH", a WAV file that plays round and round. All
// give 48 kHz mono in chunks of 20 ms. [OpenPlayback] opens a loudspeaker: a
// sound card, "null", which is silent, or "file:PATH", which writes a WAV file.
//
// A sound card runs by a clock of its own, at one of the rates it has:
//
//	kernel ─▶ mono ─▶ stretcher ─▶ a chunk each 20 ms of the system's clock
//	WritePCM ─▶ queue ─▶ stretcher ─▶ all channels ─▶ kernel
//	                         ▲
//	                     follower: fill of the buffer, against its target
//
// The stretcher converts the rate, and the follower bends it by at most 1000
// ppm so that the buffer between the two clocks keeps its fill. [Duplex] links
// the directions of one card, [Counters] tells what happened to them, [List]
// what cards there are, and [Measure] what the microphone hears of the speaker.
//
// The package guarantees: capture follows real time without drift, and a reader
// that comes late loses what it missed; a reader returns io.EOF once the driver
// is closed, also when it was waiting; what a card loses (an xrun, a suspend) is
// silence of the same length, without a click; a card that is gone ends the
// reader with an error that names it, and is found again under another number;
// WritePCM never waits, and does not fail when a card is lost; the only
// goroutine is that of a loudspeaker on a card, from its first sound to Close,
// which waits for it; a file of any content is played or refused, never a panic,
// and takes at most [MaxFileSize] bytes and [MaxLength] of sound; a written file
// can be played at any moment, also after a kill.
//
// It does not guarantee that a file follows real time: it takes samples as fast
// as they come. It opens hw devices only: what alsa-lib's configuration defines
// (dmix, plug) does not exist for it.
package audio
