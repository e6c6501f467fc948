// Command bench measures what people notice of intercomd.
//
//	calls     with real peers, Prosody, Chromium and the QuickBlox SDK, each in
//	          a network namespace (package rig):
//	            press → call    from the press of a button, as the device notes
//	                            it, to the first `call` stanza at another XMPP
//	                            client, the server's routing included
//	            answer → frame  from the SDK's accept() to the first picture in
//	                            its page; calls by the device and by another SDK
//	                            client take turns, so both meet the same machine
//	            encoders        running H.264 and VP8 encoders with three peers
//	            memory          of the daemon at rest and with three peers
//	jitter    the jitter buffer beside one of fixed delay, on speech, in virtual
//	          time (package jitter)
//	latency   from the camera driver to the UDP socket, inside the process, of
//	          the camera given by -source, else of a file (package sending)
//	cpu       processor time of a 720p H.264 call beside a bare pion sender of
//	          the same file, at the same time (package sending)
//
// It prints a table each; -only chooses some. calls needs root, and
// scripts/bench.sh prepares for it. On a board, a cross-compiled bench with
// -only latency -source csi measures the path through the hardware encoder.
// Ratios between lines of one run travel between machines, absolute times do
// not.
package main
