// Package sending measures what it costs the device to send pictures: the time
// from the camera to the network, and processor time beside a bare sender that
// uses pion/webrtc alone.
//
// Each sender is a process of its own, started from the running program: see
// [Child]. [Measure] is at the other end of their PeerConnections, on loopback
// addresses of the machine, so the measurement does not depend on what the
// receiver costs.
//
//	camera driver ─ tap ─▶ media.Engine ─▶ SRTP ─ tap ─▶ UDP socket
//	                │ time taken                  │ time taken, RTP marker seen
//	                └───────────── latency ───────┘
//
// The package guarantees that the senders of one measurement run at the same
// time, for the same time, with the same file; that what is counted begins
// after the connection is up; and that the processes have ended when Measure
// returns.
package sending
