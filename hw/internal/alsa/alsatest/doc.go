// Package alsatest simulates sound cards for tests, as an [alsa.System].
//
// A [System] holds [Card]s that are plugged in and out. They keep the kernel's
// contract (sound/core/pcm_native.c): a request in the wrong state is EBADFD, a
// stream that comes too late is in an xrun and says EPIPE, a suspended one
// ESTRPIPE, one whose card is gone ENODEV; a device that is open is EBUSY for
// the next; nothing ever waits, what would is EAGAIN. Linked streams start and
// stop together.
//
// It guarantees that sound runs by the clock of package time, faster or slower
// by [Card.PPM], so that a test in a synctest bubble needs no real time. What
// was played can be heard with [Card.Heard], what the microphone hears is
// [Card.Speak]. Its methods may be called from any goroutine.
package alsatest
