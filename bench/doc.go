// Command bench measures what people notice of intercomd, with real peers:
// Prosody, Chromium and the QuickBlox SDK, each in a network namespace (package
// rig).
//
//	press → call    from the press of a button, as the device notes it, to the
//	                arrival of the first `call` stanza at another XMPP client,
//	                the server's routing included
//	answer → frame  from the SDK's accept() to the first picture presented in
//	                its page; calls by the device and by another SDK client
//	                take turns, so that both meet the same machine
//	encoders        running H.264 and VP8 encoders with three peers
//	memory          resident memory of the daemon at rest and with three peers
//
// It prints a table and needs root; scripts/bench.sh prepares and runs it.
// Ratios between lines of one run travel between machines, absolute times do
// not.
package main
