package calltest

import (
	"slices"
	"sync"

	"github.com/intercomd/intercomd/call"
)

// Network carries signals between users, as an XMPP server does: to every
// device of a user, or to one, and nowhere if it is offline.
type Network struct {
	mu      sync.Mutex
	devices []device
	sent    []Sent
}

type device struct {
	address call.Address
	receive func(call.Signal)
}

// Sent is a signal on the network; Signal.Peer is its receiver.
type Sent struct {
	From   call.Address
	Signal call.Signal
}

// Join puts a device online; signals for it go to receive, which must not
// block. The Signaler sends in its name.
func (n *Network) Join(a call.Address, receive func(call.Signal)) call.Signaler {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.devices = append(n.devices, device{a, receive})
	return sender{n, a}
}

// Leave takes a device offline.
func (n *Network) Leave(a call.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.devices = slices.DeleteFunc(n.devices, func(d device) bool { return d.address == a })
}

// Sent returns the signals of user so far, of everybody if user is 0.
func (n *Network) Sent(user call.UserID) []Sent {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []Sent
	for _, s := range n.sent {
		if user == 0 || s.From.User == user {
			list = append(list, s)
		}
	}
	return list
}

func (n *Network) send(from call.Address, s call.Signal) {
	n.mu.Lock()
	n.sent = append(n.sent, Sent{from, s})
	devices := slices.Clone(n.devices)
	n.mu.Unlock()
	for _, d := range devices {
		if d.address.User == s.Peer.User && (s.Peer.Resource == "" || s.Peer.Resource == d.address.Resource) {
			received := s
			received.Peer = from
			d.receive(received)
		}
	}
}

type sender struct {
	network *Network
	from    call.Address
}

func (s sender) Send(signal call.Signal) { s.network.send(s.from, signal) }
