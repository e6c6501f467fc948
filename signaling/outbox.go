package signaling

import (
	"cmp"
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
)

const (
	outboxLimit = 64
	shortLife   = 30 * time.Second // of call, accept, iceCandidates, update
	longLife    = 60 * time.Second // of reject and hangUp: they end things
)

// Reasons to give a signal up.
const (
	lostSuperseded = "superseded"
	lostExpired    = "expired"
	lostFull       = "queue full"
)

// item is a signal that waits to be sent.
type item struct {
	signal   call.Signal
	deadline time.Time
	stanza   []byte // what it became, once encoded: sent again it keeps its id
}

// lost is a signal that was given up, and why.
type lost struct {
	signal call.Signal
	reason string
}

// outbox holds the signals that wait for the link, oldest first. It is pure:
// it is given the time, and says what it gave up.
//
//   - A signal past its deadline is given up.
//   - A newer copy of a `call` takes the place of the one that waits.
//   - A hangUp takes the waiting `call` to the same user out: ringing a phone
//     only to stop it helps nobody. The hangUp itself stays, as an earlier copy
//     of the `call` may have arrived.
//   - When it is full, it gives up what is past its deadline, then the oldest of
//     the least important kind; that may be the newcomer.
//   - What was sent and may not have arrived comes back to the front, also into a
//     full box; the same rules hold for it.
type outbox struct {
	limit int
	items []item
}

// put adds s.
func (o *outbox) put(now time.Time, s call.Signal) []lost {
	it := item{signal: s, deadline: now.Add(lifetime(s.Type))}
	gone := o.supersede(s)
	if s.Type == call.SignalCall {
		if i := slices.IndexFunc(o.items, func(w item) bool { return sameCall(w.signal, s) }); i >= 0 {
			o.items[i] = it
			return gone
		}
	}
	o.items = append(o.items, it)
	if len(o.items) > o.limit {
		gone = append(gone, o.expire(now)...)
	}
	if len(o.items) > o.limit {
		gone = append(gone, o.evict())
	}
	return gone
}

// putBack returns a signal that next gave out to the front, unless what came
// since has made it pointless. Several go back last one first.
func (o *outbox) putBack(it item) []lost {
	for _, w := range o.items {
		if endsCall(w.signal, it.signal) || sameCall(w.signal, it.signal) {
			return []lost{{it.signal, lostSuperseded}}
		}
	}
	o.items = slices.Insert(o.items, 0, it)
	return nil
}

// next takes the oldest signal that is still worth sending.
func (o *outbox) next(now time.Time) (it item, ok bool, gone []lost) {
	gone = o.expire(now)
	if len(o.items) == 0 {
		return item{}, false, gone
	}
	it = o.items[0]
	o.items = slices.Delete(o.items, 0, 1)
	return it, true, gone
}

// expire gives up what is past its deadline.
func (o *outbox) expire(now time.Time) []lost {
	return o.remove(lostExpired, func(w item) bool { return !now.Before(w.deadline) })
}

// supersede gives up what s makes pointless.
func (o *outbox) supersede(s call.Signal) []lost {
	return o.remove(lostSuperseded, func(w item) bool { return endsCall(s, w.signal) })
}

func (o *outbox) remove(reason string, match func(item) bool) []lost {
	var gone []lost
	o.items = slices.DeleteFunc(o.items, func(w item) bool {
		if !match(w) {
			return false
		}
		gone = append(gone, lost{w.signal, reason})
		return true
	})
	return gone
}

// evict gives up the oldest signal of the least important kind.
func (o *outbox) evict() lost {
	least := slices.MinFunc(o.items, func(a, b item) int {
		return cmp.Compare(importance(a.signal.Type), importance(b.signal.Type))
	})
	i := slices.IndexFunc(o.items, func(w item) bool { return w.signal.Type == least.signal.Type })
	gone := lost{o.items[i].signal, lostFull}
	o.items = slices.Delete(o.items, i, i+1)
	return gone
}

func lifetime(t call.SignalType) time.Duration {
	if t == call.SignalHangUp || t == call.SignalReject {
		return longLife
	}
	return shortLife
}

// importance orders the kinds of signals: candidates are repeated inside the
// descriptions, a `call` is repeated, whoever calls again is rejected again, so
// rejects to many strangers must not push out an accept, and nothing repeats a
// hangUp.
func importance(t call.SignalType) int {
	return slices.Index([]call.SignalType{
		call.SignalCandidates, call.SignalUpdate, call.SignalCall,
		call.SignalReject, call.SignalAccept, call.SignalHangUp,
	}, t)
}

// sameCall tells whether a and b are copies of one `call`.
func sameCall(a, b call.Signal) bool {
	return a.Type == call.SignalCall && b.Type == call.SignalCall &&
		a.Session == b.Session && a.Peer == b.Peer
}

// endsCall tells whether end is the hangUp of the `call` ring.
func endsCall(end, ring call.Signal) bool {
	return end.Type == call.SignalHangUp && ring.Type == call.SignalCall &&
		end.Session == ring.Session && end.Peer.User == ring.Peer.User
}
