// Package badinput holds end-to-end tests of what wrong and hostile input does
// to the built daemon: wrong configuration, a server that cannot be reached or
// not be trusted, media files that disappear, stanzas and session descriptions
// that make no sense, strangers, floods, and junk on the control socket and the
// handset page; and of what its own system does: a log that nobody reads, a full
// disk, a read-only one, no descriptors left, no network for a while.
//
// Every case is a subtest that shows the message the device gives, and ends
// with proof that nothing was lost: the same process rings a contact, and
// picture packets reach that contact.
//
// The tests run in a network namespace that they make for themselves, so that
// nothing leaves the machine, with a real Prosody in it. They need root, the
// programs ip and prosody, and are built with the tag e2e only. What they show
// is in docs/bad-input.md.
package badinput
