// Package netwatch tells when the machine's network goes, comes back or
// becomes another one, a few milliseconds after the kernel knows.
//
// It asks the kernel over rtnetlink(7) which links, addresses and default
// routes there are, every time the kernel says that one of them has changed,
// and compares the answer with what it was. Nothing is added up from the
// messages themselves, so one that got lost costs nothing: the kernel says that
// it lost some, and that is one more reason to ask.
//
// The network is up while a link other than loopback has a carrier (RFC 2863:
// is operationally up) and an address that peers can be reached from: a global
// one, an IPv6 one only once duplicate address detection is over, or one of
// 169.254.0.0/16, which is how two devices on a cable find each other. IPv6
// privacy addresses do not count: each stands beside a lasting one, and they
// change every day. A default route is not needed; a door and its handsets may
// have a network of their own.
//
// The package guarantees: a [Change] is told at most 20 ms after the kernel
// told of it, and only when something differs; changes close together are told
// as one; no privileges are needed; messages that make no sense are errors,
// never panics.
//
// It does not guarantee that anybody can be reached: a router that has died
// behind its switch is no business of the kernel's.
package netwatch
