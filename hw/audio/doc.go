// Package audio holds the simulated microphone, as a driver of
// github.com/pion/mediadevices, and the loudspeaker, which mediadevices has no
// place for.
//
// [Register] makes a microphone known: "test" is a tone of 440 Hz, "file:PATH"
// plays a WAV file round and round. Both give 48 kHz mono in chunks of 20 ms.
// [OpenPlayback] opens a loudspeaker: "null" is silent, "file:PATH" writes a
// WAV file.
//
// The package guarantees: capture follows real time without drift, and a reader
// that comes late loses what it missed, as with a real microphone; a reader
// returns io.EOF once the driver is closed, also when it was waiting; no
// goroutine is started; a file of any content is played or refused, never a
// panic, and takes at most [MaxFileSize] bytes and [MaxLength] of sound; a
// written file can be played at any moment, also after a kill.
//
// It does not guarantee that playback follows real time: the samples are taken
// as fast as they come.
package audio
