// Package rig builds what the end-to-end tests and the benchmarks run in: a
// real XMPP server (Prosody), real browsers (Chromium) with the real QuickBlox
// SDK, and the built intercomd, each party in a network namespace of its own.
//
// A [Lab] owns all of it. The namespaces hang on one bridge and have no way
// out: nothing leaves the machine. Every name carries the lab's run id, so
// several labs do not meet. Closing the lab ends every process it started and
// removes its namespaces; the processes also end when the test process dies.
//
// A [Network] breaks links: silently, by pulling a cable, of which the party's
// kernel tells, or by a move to another interface with another address.
//
// What parties do is kept in a [Log] per party; assertions take entries from
// it and wait, up to a deadline, for those that have not come yet. Nothing
// here waits for a fixed time.
//
// It needs root (network namespaces), and the programs ip, setpriv, prosody,
// chromium and node. A [Lab] and its parties are used from one goroutine.
package rig
