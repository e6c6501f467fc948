package retransmit

import (
	"time"

	"github.com/pion/rtp"
)

// The limits of repetition.
const (
	maxAge    = 500 * time.Millisecond // older packets are of no use to a call
	minRepeat = 20 * time.Millisecond  // a second request so soon crossed the first repetition
	share     = 4                      // repetitions get 1/4 of the media's bytes
	allowance = 32 << 10               // bytes that may be saved up: one key frame
	slots     = 512                    // packets remembered; a power of two
	askShare  = 4                      // requests that are looked at for each packet sent
	askBurst  = 2 * slots              // requests that may be saved up
)

// entry is a packet that was sent.
type entry struct {
	header   rtp.Header
	payload  []byte
	sent     time.Time
	repeated time.Time
}

// history remembers the packets of one stream and what may be repeated. It
// decides; sending is its caller's business. It is not safe for concurrent use.
type history struct {
	entries [slots]entry
	budget  int // bytes that may be repeated now
	asks    int // requests that may be looked at now
}

func newHistory() *history { return &history{budget: allowance, asks: askBurst} }

// asked counts a request and reports whether it is to be looked at. One packet
// from a peer can hold thousands.
func (h *history) asked() bool {
	if h.asks == 0 {
		return false
	}
	h.asks--
	return true
}

// add remembers a packet that is sent now. It keeps payload.
func (h *history) add(header *rtp.Header, payload []byte, now time.Time) {
	h.entries[header.SequenceNumber%slots] = entry{header: *header, payload: payload, sent: now}
	h.budget = min(h.budget+len(payload)/share, allowance)
	h.asks = min(h.asks+askShare, askBurst)
}

// take returns the packet seq if it may be repeated now, and charges it.
func (h *history) take(seq uint16, now time.Time) (rtp.Header, []byte, bool) {
	e := &h.entries[seq%slots]
	switch {
	case e.payload == nil || e.header.SequenceNumber != seq:
	case now.Sub(e.sent) > maxAge:
	case now.Sub(e.repeated) < minRepeat:
	case len(e.payload) > h.budget:
	default:
		e.repeated = now
		h.budget -= len(e.payload)
		return e.header, e.payload, true
	}
	return rtp.Header{}, nil, false
}
