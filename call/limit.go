package call

import (
	"slices"
	"time"
)

// Limits of what one user can make us do. `call` signals that open a session
// or are rejected are dear; everything else is cheap, and comes in bursts when
// candidates trickle.
const (
	callBurst   = 5
	callRate    = 1 // per second
	signalBurst = 200
	signalRate  = 50 // per second
	maxLimited  = 256

	// Of calls that nobody here accepts, a user may ring so often at once, and
	// every so many seconds.
	ringBurst = 5
	ringRate  = 0.1 // per second

	// All those together who are not allowed may be refused so often: beyond
	// it they get no answer.
	strangerBurst = 20
	strangerRate  = 5 // per second
)

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// take removes one token if there is one, after refilling.
func (b *bucket) take(now time.Time, burst, rate float64) bool {
	if elapsed := now.Sub(b.at).Seconds(); elapsed > 0 {
		b.tokens = min(burst, b.tokens+elapsed*rate)
		b.at = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// next returns when there will be a token again, after a take that found none.
func (b *bucket) next(burst, rate float64) time.Time {
	missing := min(burst, 1) - b.tokens
	return b.at.Add(time.Duration(missing/rate*float64(time.Second)) + time.Millisecond)
}

// limiter rates users. It remembers a bounded number of them: who is not
// allowed is forgotten first, and among equals who was silent longest.
type limiter struct {
	allowed   func(UserID) bool
	users     map[UserID]*allowance
	strangers bucket
}

type allowance struct {
	calls, signals, rings bucket
	seen                  time.Time
}

func newLimiter(allowed func(UserID) bool) *limiter {
	return &limiter{allowed: allowed, users: make(map[UserID]*allowance)}
}

// call says whether u may open or be refused another session now.
func (l *limiter) call(now time.Time, u UserID) bool {
	return l.user(now, u).calls.take(now, callBurst, callRate) &&
		(l.allowed(u) || l.strangers.take(now, strangerBurst, strangerRate))
}

// ring says whether u may ring now.
func (l *limiter) ring(now time.Time, u UserID) bool {
	return l.user(now, u).rings.take(now, ringBurst, ringRate)
}

// answered notes that the call of u was welcome: it does not count.
func (l *limiter) answered(now time.Time, u UserID) {
	a := l.user(now, u)
	a.rings.tokens = min(ringBurst, a.rings.tokens+1)
}

// signal says whether another signal of u is looked at now.
func (l *limiter) signal(now time.Time, u UserID) bool {
	return l.user(now, u).signals.take(now, signalBurst, signalRate)
}

func (l *limiter) user(now time.Time, u UserID) *allowance {
	a := l.users[u]
	if a == nil {
		if len(l.users) >= maxLimited {
			l.evict()
		}
		a = &allowance{calls: bucket{callBurst, now}, signals: bucket{signalBurst, now}, rings: bucket{ringBurst, now}}
		l.users[u] = a
	}
	a.seen = now
	return a
}

// evict forgets one user. The choice does not depend on the order of the map.
func (l *limiter) evict() {
	var victim UserID
	for u := range l.users {
		if victim == 0 || l.before(u, victim) {
			victim = u
		}
	}
	delete(l.users, victim)
}

func (l *limiter) before(a, b UserID) bool {
	if x, y := l.allowed(a), l.allowed(b); x != y {
		return !x
	}
	if x, y := l.users[a].seen, l.users[b].seen; !x.Equal(y) {
		return x.Before(y)
	}
	return a < b
}

// Bounds of the memory of sessions that are over. The time covers the repeats
// of a `call` that rings as long as the SDK's callers do by default, also when a
// server kept them for a client that was away.
const (
	maxOver  = 128
	overTime = 5 * time.Minute
)

// overKey names a session that is over: that of an initiator, or for one user
// who was refused or took a call back. Whoever else calls with that id is not
// concerned, or a stranger, or a member of a group, could spoil the group's call
// by using its id first.
type overKey struct {
	session SessionID
	user    UserID
}

// overEntry says until when a session is remembered, and whether we refused it
// so that repeats are refused again.
type overEntry struct {
	until    time.Time
	rejected bool
}

// memory remembers sessions that are over, so that a late repeat of their
// `call` does not ring. It remembers a bounded number of them: those of users who
// are not known are forgotten first, so that they cannot push out others.
type memory struct {
	known   func(UserID) bool
	entries map[overKey]overEntry
	order   []overKey // oldest first
}

func newMemory(known func(UserID) bool) *memory {
	return &memory{known: known, entries: make(map[overKey]overEntry)}
}

func (m *memory) add(now time.Time, k overKey, rejected bool) {
	m.expire(now)
	if _, ok := m.entries[k]; !ok {
		if len(m.order) >= maxOver {
			m.evict()
		}
		m.order = append(m.order, k)
	}
	m.entries[k] = overEntry{now.Add(overTime), rejected}
}

// evict forgets one session.
func (m *memory) evict() {
	victim := max(0, slices.IndexFunc(m.order, func(k overKey) bool { return !m.known(k.user) }))
	delete(m.entries, m.order[victim])
	m.order = slices.Delete(m.order, victim, victim+1)
}

// find tells whether the session is over for one of the users.
func (m *memory) find(now time.Time, id SessionID, users ...UserID) (rejected, found bool) {
	m.expire(now)
	for _, u := range users {
		if e, ok := m.entries[overKey{id, u}]; ok && e.until.After(now) {
			return e.rejected, true
		}
	}
	return false, false
}

func (m *memory) expire(now time.Time) {
	for len(m.order) > 0 && !m.entries[m.order[0]].until.After(now) {
		delete(m.entries, m.order[0])
		m.order = m.order[1:]
	}
}
