// Package calltest has peers, media and a listener for tests of package call
// and of what is built on it. They keep the contracts of the ports they stand
// in for: nothing blocks, signals to one user stay in order, every command of
// a PeerConnection is answered once.
package calltest
