package signaling

import (
	"fmt"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"
)

const (
	nsManagement = "urn:xmpp:sm:3"

	// The most that may wait for the server's acknowledgement. When that much
	// does, the rest stays in the outbox, where deadlines and bounds hold.
	windowStanzas = 256
	windowBytes   = 1 << 20

	maxHibernation = 24 * time.Hour // a longer promise of the server is cut to this
)

// countError is a count of stanzas that cannot be: the server acknowledged more
// than was sent, or less than before (XEP-0198 section 4).
type countError struct {
	h, acked uint32
	unacked  int
}

func (e *countError) Error() string {
	return fmt.Sprintf("the server acknowledged %d stanzas, possible is %d to %d (modulo 2^32)",
		e.h, e.acked, e.acked+uint32(e.unacked))
}

// sent is a stanza that was written and is not known to have arrived.
type sent struct {
	raw  []byte
	item *item // the signal it carries; nil for presence and IQs
}

// session is a stream as stream management sees it (XEP-0198): it may outlive
// the connection it began on. With a server that does not manage streams it
// remembers nothing.
//
//	off ──<enable/> sent──▶ asked ──<enabled/>──▶ on ──ended, <resumed/>──▶ on
//	 ▲                        └──────<failed/>──────┴──<failed/>, bad count──┐
//	 └───────────────────────────────────────────────────────────────────────┘
//
// All of it belongs to the goroutine of Run, but for received.
type session struct {
	jid   jid.JID
	state smState

	id       string        // names the session to <resume/>; "" cannot be resumed
	location string        // where the server wants it resumed, or ""
	max      time.Duration // how long the server keeps it, 0 is unknown
	heard    time.Time     // when something came on its last connection
	ended    time.Time     // when that was given up

	acked   uint32 // stanzas the server has handled, as it told last, modulo 2^32
	unacked []sent // those after them, oldest first
	bytes   int    // their size

	received atomic.Uint32 // stanzas handled here, modulo 2^32; the reader counts
	reported uint32        // of them, told in the last <a/>
}

type smState int

const (
	smOff smState = iota
	smAsked
	smOn
)

// ask notes that <enable/> is the next thing to be written: from here on the
// server counts.
func (s *session) ask() { s.state = smAsked }

// enabled takes the server's answer.
func (s *session) enabled(e enabled) {
	s.state, s.id, s.location, s.max = smOn, e.id, e.location, min(e.max, maxHibernation)
}

// forget ends the management of the stream; nothing of it can be resumed.
func (s *session) forget() {
	s.state, s.id = smOff, ""
}

// record notes that a stanza was written whole.
func (s *session) record(raw []byte, it *item) {
	if s.state == smOff {
		return
	}
	s.unacked = append(s.unacked, sent{raw: raw, item: it})
	s.bytes += len(raw)
}

// full tells whether to wait for the server before anything more is sent.
func (s *session) full() bool {
	return len(s.unacked) >= windowStanzas || s.bytes >= windowBytes
}

// handled takes the server's count of the stanzas it has handled. A count that
// cannot be is a *countError and changes nothing.
func (s *session) handled(h uint32) error {
	n := h - s.acked // modulo 2^32, so it may have wrapped
	if uint64(n) > uint64(len(s.unacked)) {
		return &countError{h: h, acked: s.acked, unacked: len(s.unacked)}
	}
	for i := range s.unacked[:n] {
		s.bytes -= len(s.unacked[i].raw)
		s.unacked[i] = sent{}
	}
	s.acked, s.unacked = h, s.unacked[n:]
	return nil
}

// resumable tells whether the server may still keep the session at now.
func (s *session) resumable(now time.Time) bool {
	return s.id != "" && (s.max == 0 || now.Sub(s.ended) < s.max)
}

// take gives out what is unacknowledged: the signals, and the other stanzas.
// They count as never sent.
func (s *session) take() (signals []item, others [][]byte) {
	for _, u := range s.unacked {
		if u.item != nil {
			signals = append(signals, *u.item)
		} else {
			others = append(others, u.raw)
		}
	}
	s.unacked, s.bytes = nil, 0
	return signals, others
}
