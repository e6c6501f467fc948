// Package playout turns the Opus packets of up to three people, and the tones of
// the device, into one sound for a loudspeaker.
//
// A [Buffer] puts one person's packets in order at a delay that follows the
// unevenness of the network, a [Voice] decodes them, makes up for lost ones and
// plays a little faster or more slowly to keep that delay, and a [Mixer] adds
// voices and a [Tone] up on a 20 ms clock and writes them to a [Sink]. Sound is
// 48 kHz mono.
//
// The package guarantees: memory is bounded whatever arrives (101 packets a
// voice); a lost or broken packet costs at most its own time; in the steady
// state a voice waits 20 to 120 ms behind the fastest packet, whatever the
// clocks of both sides do; changes of the delay make no step in the sound;
// the sum never wraps around; the sink is written only while there is a voice
// or a tone.
package playout
