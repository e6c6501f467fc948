// Package reload holds end-to-end tests of a configuration that changes while
// the device runs: two programs as they are shipped, a door and a phone, call
// each other over a real Prosody, and the door's file is written anew during
// the calls. It needs root and the Debian package prosody, takes about 15 s, and
// is built with the tag e2e only.
package reload
