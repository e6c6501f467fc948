// Package xmpp holds end-to-end tests of what an XMPP server and the way to it
// can do to a device, with a real Prosody and a real ejabberd, side by side.
//
// Each server runs as its own user in a network namespace of its own, at the far
// end of a relay.Wire; beside it a relay.Proxy stands before its port. Through
// both go two links of package signaling, which exchange numbered signals all
// the time, and two processes of intercomd in a call, which exchange numbered
// updates of that call. A table of faults is played; each prints one line that
// says how many numbers were lost, came twice or out of order, how long it took
// until both ways worked again, and what the call's picture did.
//
// The tests need root and the Debian packages prosody and ejabberd, and are
// built with the tag e2e only. See scripts/faults-xmpp.sh for the long run.
package xmpp
