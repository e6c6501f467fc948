// Package vm boots a virtual doorbell board: an arm64 machine in QEMU, fully
// emulated, whose kernel has the real interfaces of a board's hardware. A
// camera (vivid), an H.264 encoder with the face of the Pi's, a sound card
// (snd-aloop), GPIO lines (gpio-sim) and a watchdog (softdog) are the kernel's
// own drivers; see [Lines] for the wiring.
//
// A [Board] is driven over a channel of its own, not over its network, so that
// cables can be pulled. Nothing here waits a fixed time: QEMU connects to the
// host's sockets, the board says hello when it has booted, and every request is
// answered. When the board crashes, restarts or its QEMU ends, all that waits
// fails with an error that carries the end of the console.
//
// What a board sends cannot leave the network namespace its QEMU runs in.
// Closing the board ends QEMU; QEMU also ends when the test process dies. A
// Board may be used by several goroutines.
package vm
