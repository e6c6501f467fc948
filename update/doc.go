// Package update keeps the device's software up to date. It looks for signed
// manifests on a web server, decides whether an update is for this device and
// may be installed now, lets RAUC install it into the slot that does not run,
// restarts the device when nobody is disturbed, and after the restart commits
// the new version once it is healthy, or lets the board fall back to the old
// one.
//
// A pure machine decides; one goroutine, [Client.Run], owns it and has slow
// things done beside it. What has to outlive a restart is in update.json in the
// state folder, written in one step before anything that follows from it.
//
// # Where updates come from
//
// A manifest is a DSSE envelope (payloadType [PayloadType]) around a list of
// [Update]; each signature brings its certificate. One signature has to be made
// with ECDSA P-256 by a certificate for code signing that is in date and chains
// to the keyring. scripts/manifest.sh makes manifests. They are polled with
// jitter, conditionally (ETag), and less often while that fails. A person may
// also name an https URL or a file; then the bundle's own signature, which RAUC
// checks, is the only one.
//
// # When what happens
//
// Nothing is fetched or installed while a call rings or is up; a download is
// broken off for one and taken up again after it. An installation by RAUC cannot
// be broken off. The restart waits until the device is idle and, unless a person
// asked for the update, for the maintenance window. A new version has 180 s to
// be healthy for 10 s without a break: camera and sound open, watchdog fed, and
// online if the old version was. A version that failed is left alone for 24 h.
// Updates that somebody else has RAUC install, e.g. rauc-hawkbit-updater, take
// the same road from the restart on.
//
// # What the boot loader has to do
//
// The slot that starts next has to stay the old one during a trial, until the
// new one is marked good (the Raspberry Pi firmware's tryboot): then every
// unplanned reset falls back, and a slot that runs and starts next is one that
// was committed. A boot loader that makes the new slot the default before it
// has proved itself would have every update taken for committed.
//
// # Guarantees
//
// An older version is never installed, nor one for another kind of board; what
// a manifest promises (version, size, sha256 or the hash of the bundle's own
// manifest) is compared before the restart. Nothing is installed whose failure
// could not be remembered. This package speaks to web servers by https alone,
// across redirections too. Everything that comes from outside is bounded:
// manifests 64 KiB, bundles 1 GiB, times, redirections, reports kept (16). No
// user, password or query of an address is logged, told or reported. A broken
// update.json costs what was in it and nothing else.
//
// # What it does not guarantee
//
// The record cannot tell a new version that hung before intercomd started from
// a power cut at that moment: both are a failed update. The commit and its note
// in the record are two steps; a power cut between them is noticed at the next
// start. RAUC, when it streams, follows redirections to plain http as well and
// writes the whole address into its own log: what it reads is verified all the
// same, but secrets do not belong into the address of a bundle that is streamed.
// Whether a hung new version is left at all is up to a watchdog and the
// boot loader, not to this package.
package update
