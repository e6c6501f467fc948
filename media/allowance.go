package media

import (
	"sync"
	"time"
)

// How the bitrate of video follows what the way to a peer takes.
const (
	leastVideo     = 100000           // bit/s that a peer gets however bad its path is
	soundShare     = 50000            // bit/s of what a path takes that are left to sound
	muchLoss       = 0.15             // fraction lost from which the path counts as too narrow
	littleLoss     = 0.10             // below it the bitrate may rise
	rise           = 0.08             // by which it rises in a second
	estimateFresh  = 5 * time.Second  // after it an estimate is forgotten
	rateWindow     = time.Second      // over which what is sent is measured
	deepestCut     = 0.4              // that one estimate takes away at most
	noticeable     = 0.05             // changes below this part are not passed on
	longestSilence = 10 * time.Second // of reports, for which the bitrate rises at most
)

// allowance is how much video the way to one peer takes. A peer tells of it in
// two ways: by an estimate (REMB, draft-alvestrand-rmcat-remb), which says
// nothing while it is above what we send, and by the loss in its reports (RFC
// 3550 6.4.1). Without a sign of trouble there is no limit. It decides; it is
// not safe for concurrent use.
type allowance struct {
	limit     float64   // bit/s, 0 is none
	told      float64   // as passed on last
	changed   time.Time // when limit was looked at last
	estimated time.Time // when the last estimate came
	measured  time.Time // begin of what is measured now
	bytes     uint64    // sent until then
	sending   float64   // bit/s, as measured last
}

// sent notes how many bytes were sent in all.
func (a *allowance) sent(now time.Time, bytes uint64) {
	elapsed := now.Sub(a.measured)
	if !a.measured.IsZero() && elapsed < rateWindow {
		return
	}
	if !a.measured.IsZero() {
		a.sending = float64(bytes-a.bytes) * 8 / elapsed.Seconds()
	}
	a.measured, a.bytes = now, bytes
}

// estimate takes what the peer believes the path to carry, bit/s.
func (a *allowance) estimate(now time.Time, bitrate float64) {
	video := max(bitrate-soundShare, leastVideo)
	a.estimated = now
	if video < a.sending {
		a.limit, a.changed = max(video, a.current()*(1-deepestCut)), now
		return
	}
	a.grow(now)
	if a.limit > 0 {
		a.limit = max(a.limit, video)
	}
}

// report takes the part of our packets that the peer says was lost, 0…1.
func (a *allowance) report(now time.Time, lost float64) {
	switch {
	case lost > muchLoss && a.sending > 0: // else there is nothing to cut from
		a.limit, a.changed = max(a.current()*(1-lost/2), leastVideo), now
	case lost < littleLoss && now.Sub(a.estimated) > estimateFresh:
		a.grow(now)
	}
}

// current is what a cut starts from: the limit, or what is sent if that is less.
func (a *allowance) current() float64 {
	if a.limit == 0 {
		return a.sending
	}
	return min(a.limit, a.sending)
}

// grow raises the limit by the time since it was changed.
func (a *allowance) grow(now time.Time) {
	elapsed := min(now.Sub(a.changed), longestSilence)
	a.limit *= 1 + rise*elapsed.Seconds()
	a.changed = now
}

// news reports whether the limit has changed noticeably; one of at least enough
// bit/s is none.
func (a *allowance) news(enough float64) bool {
	if a.limit >= enough {
		a.limit = 0
	}
	if diff := a.limit - a.told; max(diff, -diff) <= noticeable*a.told {
		return false
	}
	a.told = a.limit
	return true
}

// pace is the allowance of an outlet, for several goroutines.
type pace struct {
	mu        sync.Mutex
	allowance allowance
}

// take lets f change the allowance, after bytes were sent in all, and reports
// whether the limit is another now.
func (p *pace) take(now time.Time, bytes uint64, enough int, f func(*allowance)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowance.sent(now, bytes)
	f(&p.allowance)
	return p.allowance.news(float64(enough))
}

// limit is the bitrate the peer gets at most, bit/s; 0 is any.
func (p *pace) limit() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.allowance.told)
}
