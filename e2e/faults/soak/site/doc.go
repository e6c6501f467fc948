// Package site puts up what a test of calls under faults needs: a real Prosody,
// the built daemon in a network of its own, and phones that are the project's
// own packages in the test's process.
//
//	phone ── loopback ── Prosody ── loopback ── (a proxy of the test) ──┐
//	  └────────────────────── media ─── relay.Wire ──────────────── device
//
// It guarantees: nothing reaches another network than those it makes; every
// process and goroutine has ended when Close has returned, and the networks of
// a test that was killed are removed by the next.
// It needs root, and the programs ip, nsenter, setpriv and prosody.
package site
