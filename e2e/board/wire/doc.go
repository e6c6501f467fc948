// Package wire is what the host and the agent on the virtual board say to each
// other: one JSON object a line, over a virtio-serial port, so that the channel
// survives whatever a test does to the board's network.
//
// The agent begins every boot with a [Reply] whose Hello is set. After it,
// requests run side by side; each is answered by any number of replies with
// output and by exactly one with Done. A line that does not parse belongs to a
// boot that ended in the middle of it and is skipped by both sides.
package wire
