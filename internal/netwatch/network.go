package netwatch

import (
	"net/netip"
	"slices"
)

// Change is a difference between the network and what it was before.
type Change struct {
	// Up says that there is a network. If it was up before as well and has not
	// moved, it has gained something: an address, or its first default route.
	Up bool
	// Moved says that what was used when the network was up the last time may
	// not be any more: an address is gone, or the default route is gone or goes
	// by another router or link. Always true the first time it is up.
	Moved bool
}

// network is what traffic leaves by.
type network struct {
	addresses []netip.Addr // sorted
	// The default routes of IPv4 and IPv6; zero values for none.
	ipv4, ipv6 exit
}

// exit is where a default route leads.
type exit struct {
	link    int        // index of the interface
	gateway netip.Addr // not valid on links without one
}

func (n network) up() bool { return len(n.addresses) > 0 }

func (n network) equal(other network) bool {
	return slices.Equal(n.addresses, other.addresses) && n.ipv4 == other.ipv4 && n.ipv6 == other.ipv6
}

// lacks says whether something of an earlier network is not here any more.
func (n network) lacks(earlier network) bool {
	gone := func(a netip.Addr) bool { return !slices.Contains(n.addresses, a) }
	return slices.ContainsFunc(earlier.addresses, gone) ||
		earlier.ipv4 != exit{} && earlier.ipv4 != n.ipv4 ||
		earlier.ipv6 != exit{} && earlier.ipv6 != n.ipv6
}

// history remembers what was told of the network.
type history struct {
	now    network
	lastUp network // the last that was up; not up when there was none
}

// begin starts a history with what is there now.
func begin(n network) history {
	h := history{now: n}
	if n.up() {
		h.lastUp = n
	}
	return h
}

// note compares a network with the last one. It says false when there is
// nothing to tell.
func (h *history) note(n network) (Change, bool) {
	before := h.now
	h.now = n
	if !n.up() {
		return Change{}, before.up()
	}
	moved := !h.lastUp.up() || n.lacks(h.lastUp)
	h.lastUp = n
	return Change{Up: true, Moved: moved}, !before.equal(n)
}
