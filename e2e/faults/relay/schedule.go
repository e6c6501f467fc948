package relay

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Bounds of what waits in one direction.
const (
	retransmission = 200 * time.Millisecond // what a lost segment of a stream costs: the least RTO of Linux
	lineBuffer     = time.Second            // longest wait of a datagram for a line of limited rate
	maxFrames      = 8192                   // datagrams that wait
	maxBytes       = 64 << 10               // bytes of a stream that wait, beyond which no more are taken
)

// frame is one datagram, or one piece of a stream. A nil data ends the stream.
type frame struct {
	data []byte
	due  time.Time
	seq  uint64 // order of arrival, between frames due at the same time
}

// schedule decides when each frame of a direction leaves. It has no clock.
type schedule struct {
	stream  bool // nothing may be lost or reordered
	rule    Rule
	random  *rand.Rand
	free    time.Time // when the line of limited rate is free
	latest  time.Time // when the last frame in order leaves
	seq     uint64
	bytes   int
	waiting frameHeap
}

func newSchedule(stream bool, seed, lane uint64) *schedule {
	return &schedule{stream: stream, random: rand.New(rand.NewPCG(seed, lane))}
}

// fate is what chance has in store for a frame: three numbers in [0,1), drawn
// for every frame under every rule, so that a rule changes no later fate.
type fate struct{ loss, jitter, reorder float64 }

// admit takes a frame that arrives now and says whether it will leave.
func (s *schedule) admit(now time.Time, data []byte) bool {
	f := fate{s.random.Float64(), s.random.Float64(), s.random.Float64()}
	if !s.stream && s.lost(now, f) {
		return false
	}
	s.seq++
	s.bytes += len(data)
	heap.Push(&s.waiting, frame{data: data, due: s.leaves(now, len(data), f), seq: s.seq})
	return true
}

func (s *schedule) lost(now time.Time, f fate) bool {
	return s.rule.Hole || f.loss < s.rule.Loss || len(s.waiting) >= maxFrames ||
		s.rule.Rate > 0 && s.free.Sub(now) > lineBuffer
}

// leaves returns when a frame of size bytes that arrives now leaves.
func (s *schedule) leaves(now time.Time, size int, f fate) time.Time {
	due := now
	if s.rule.Rate > 0 {
		if s.free.After(now) {
			due = s.free
		}
		due = due.Add(time.Duration(size) * time.Second / time.Duration(s.rule.Rate))
		s.free = due
	}
	if !s.stream && f.reorder < s.rule.Reorder {
		return due
	}
	due = due.Add(s.rule.Delay + time.Duration(f.jitter*float64(s.rule.Jitter)))
	if s.stream && f.loss < s.rule.Loss {
		due = due.Add(retransmission)
	}
	if s.latest.After(due) {
		due = s.latest
	}
	s.latest = due
	return due
}

// full says that no more of a stream should be taken now.
func (s *schedule) full() bool { return s.stream && s.bytes >= maxBytes }

// next returns when the next frame leaves; false: none does by itself.
func (s *schedule) next() (time.Time, bool) {
	if len(s.waiting) == 0 || s.held() {
		return time.Time{}, false
	}
	return s.waiting[0].due, true
}

// held says that a hole holds a stream.
func (s *schedule) held() bool { return s.stream && s.rule.Hole }

// take removes the next frame that is due now.
func (s *schedule) take(now time.Time) (frame, bool) {
	due, ok := s.next()
	if !ok || due.After(now) {
		return frame{}, false
	}
	f := heap.Pop(&s.waiting).(frame)
	s.bytes -= len(f.data)
	return f, true
}

// set puts another rule in force, for frames that arrive from now on: those on
// their way arrive as they would have, but none keeps later ones waiting.
func (s *schedule) set(r Rule) {
	s.rule = r
	s.free = time.Time{}
	if !s.stream {
		s.latest = time.Time{}
	}
}

// frameHeap has the frame on top that leaves first.
type frameHeap []frame

func (h frameHeap) Len() int { return len(h) }
func (h frameHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].seq < h[j].seq
	}
	return h[i].due.Before(h[j].due)
}
func (h frameHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *frameHeap) Push(x any)   { *h = append(*h, x.(frame)) }
func (h *frameHeap) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	(*h)[last] = frame{}
	*h = (*h)[:last]
	return f
}
