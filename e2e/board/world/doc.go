// Command world is what surrounds the board's hardware in a test: the sound in
// the air, and other programs that hold a device.
//
//	world play DEVICE HERTZ        a tone for ever, into the loopback's far end
//	world hear DEVICE HERTZ…       levels of tones, a JSON line every quarter second
//	world echo FROM TO             what FROM records is played by TO
//	world hold-sound DEVICE        keep a sound device busy
//	world hold-line CHIP LINE      keep a GPIO line busy; CHIP is a path
//
// It ends at SIGTERM. Its view of the sound device is its own, apart from the
// product's, so that a mistake there is not made here too.
package main
