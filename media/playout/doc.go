// Package playout turns the Opus packets of up to three people into one sound
// for a loudspeaker.
//
// A [Buffer] puts one person's packets in order behind a fixed delay, a
// [Voice] decodes them and makes up for lost ones, and a [Mixer] adds the
// voices up on a 20 ms clock and writes them to a [Sink]. Sound is 48 kHz mono.
//
// The package guarantees: memory is bounded whatever arrives (20 packets a
// voice); a late, lost or broken packet costs at most its own 20 ms; the sum
// never wraps around; the sink is written only while a voice is there.
package playout
