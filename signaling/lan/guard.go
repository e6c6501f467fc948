package lan

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of guessing. After freeStrikes wrong passwords an address waits 1 s,
// then 2 s, doubling up to maxPenalty; after forgetAfter without a wrong one
// all is forgotten. That leaves an attacker about 1500 guesses a day.
const (
	freeStrikes = 5
	maxPenalty  = time.Minute
	forgetAfter = 15 * time.Minute
	maxGuarded  = 4096 // addresses remembered
)

// guard counts failed logins by remote address. An IPv6 network counts as one
// address, because whoever has one address there has all.
type guard struct {
	mu      sync.Mutex
	entries map[netip.Prefix]strikes
}

// strikes is what is known of an address.
type strikes struct {
	count int
	last  time.Time
}

// until returns the end of the penalty, the zero time if there is none.
func (s strikes) until() time.Time {
	if s.count < freeStrikes {
		return time.Time{}
	}
	penalty := maxPenalty
	if n := s.count - freeStrikes; n < 6 {
		penalty = min(time.Second<<n, maxPenalty)
	}
	return s.last.Add(penalty)
}

// blocked says whether an address has to wait. The zero address, which is the
// process itself, never has to.
func (g *guard) blocked(now time.Time, addr netip.Addr) bool {
	if !addr.IsValid() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Before(g.entries[network(addr)].until())
}

// strike records a wrong password.
func (g *guard) strike(now time.Time, addr netip.Addr) {
	if !addr.IsValid() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := network(addr)
	s := g.entries[key]
	if now.Sub(s.last) > forgetAfter {
		s.count = 0
	}
	if s.count == 0 && len(g.entries) >= maxGuarded {
		g.sweep(now)
	}
	g.entries[key] = strikes{count: s.count + 1, last: now}
}

// sweep makes room: it forgets what is old, and if nothing is, the oldest.
func (g *guard) sweep(now time.Time) {
	var oldest netip.Prefix
	for key, s := range g.entries {
		if now.Sub(s.last) > forgetAfter {
			delete(g.entries, key)
		} else if !oldest.IsValid() || s.last.Before(g.entries[oldest].last) {
			oldest = key
		}
	}
	if len(g.entries) >= maxGuarded {
		delete(g.entries, oldest)
	}
}

// network returns the part of an address that its owner cannot change at will.
func network(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // bits always fit
	return p
}
