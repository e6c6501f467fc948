// Package jitter measures the jitter buffer of package media/playout on speech
// that crosses imperfect networks, beside a buffer of fixed delay, in virtual
// time: a minute of a call takes a fraction of a second, and the same seed
// gives the same figures on every machine.
//
// A network delays each packet by its own random time between 0 and the jitter,
// so packets overtake one another, and loses packets independently. speech.wav
// is 12.4 s of speech synthesised by espeak-ng, 16 kHz mono.
//
// The package guarantees that both buffers get the same packets at the same
// times.
package jitter
