// Package xmpp holds end-to-end tests of the signalling link: against a real
// Prosody, which they start themselves, as its own user, on loopback ports and
// with all its files in a temporary folder, and against the server inside the
// process. They need root and the Debian package prosody, and are built with
// the tag e2e only.
package xmpp
