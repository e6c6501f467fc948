package call

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	modelRuns = flag.Int("model.n", 30_000, "number of schedules against the model of the SDK")
	modelSeed = flag.Uint64("model.seed", 0, "seed of the first schedule")
	modelShow = flag.Int("model.show", 3, "number of failing schedules to print in full")
)

// modelFew is how many schedules say nothing about how far they reach.
const modelFew = 1000

// TestModel plays schedules of calls between a device and clients of the SDK
// (a model of it), or another device, over networks that break and a server
// that loses, doubles, delays and reorders signals, and holds both sides to
// what the package promises; model_check_test.go has the list. Each schedule
// follows from its seed; those that fail are printed, and -model.n=1
// -model.seed=S plays one again.
func TestModel(t *testing.T) {
	began := time.Now()
	total, failed := playAll(*modelSeed, *modelRuns)
	t.Logf("seeds %d to %d in %v: %v", *modelSeed, *modelSeed+uint64(*modelRuns)-1, time.Since(began).Round(time.Millisecond), total)
	for _, seed := range failed[:min(len(failed), *modelShow)] {
		w := newModelWorld(seed, modelStart, newPure)
		w.tracing = true
		t.Errorf("seed %d: %v\n%s", seed, w.run(), strings.Join(w.trace, "\n"))
	}
	if len(failed) > 0 {
		t.Errorf("%d of %d schedules failed: %d", len(failed), *modelRuns, failed[:min(len(failed), 50)])
	}
	if *modelRuns >= modelFew && !total.farEnough() {
		t.Errorf("the schedules do not reach far: %v", total)
	}
}

// playAll plays n schedules on all processors, and returns the seeds of those
// that failed, sorted.
func playAll(first uint64, n int) (modelCounts, []uint64) {
	var next atomic.Uint64
	var mu sync.Mutex
	var total modelCounts
	var failed []uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var counts modelCounts
			var bad []uint64
			for i := next.Add(1) - 1; i < uint64(n); i = next.Add(1) - 1 {
				w := newModelWorld(first+i, modelStart, newPure)
				if w.run() != nil {
					bad = append(bad, first+i)
				}
				counts.add(w.counts)
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(counts)
			failed = append(failed, bad...)
		})
	}
	workers.Wait()
	slices.Sort(failed)
	return total, failed
}

func newPure(d *modelDevice) modelCore { return newPureCore(d) }

// modelCounts say how far schedules reach.
type modelCounts struct {
	schedules, signals, sessions, accepts, connections, cuts int
	repairs, repaired, failed                                int           // told by devices: RECONNECTING, RECONNECTED, FAILED
	toHeal                                                   int           // calls that had to be up at the end
	up, beside                                               int           // calls that were; by a PeerConnection the SDK has replaced
	stranded                                                 int           // sessions of the SDK that nobody could end
	apart                                                    time.Duration // longest between the two sides' ends of a session
}

func (c modelCounts) String() string {
	return fmt.Sprintf("%d schedules with %d cuts: %d sessions, %d accepted, %d connections, %d signals; "+
		"RECONNECTING %d, RECONNECTED %d, FAILED %d; up at the end %d (had to be: %d), of them %d beside the SDK's session; "+
		"%d stranded in the SDK; ends at most %v apart",
		c.schedules, c.cuts, c.sessions, c.accepts, c.connections, c.signals,
		c.repairs, c.repaired, c.failed, c.up, c.toHeal, c.beside, c.stranded, c.apart)
}

func (c *modelCounts) add(o modelCounts) {
	c.schedules += o.schedules
	c.signals += o.signals
	c.sessions += o.sessions
	c.accepts += o.accepts
	c.connections += o.connections
	c.cuts += o.cuts
	c.repairs += o.repairs
	c.repaired += o.repaired
	c.failed += o.failed
	c.toHeal += o.toHeal
	c.up += o.up
	c.beside += o.beside
	c.stranded += o.stranded
	c.apart = max(c.apart, o.apart)
}

// farEnough says whether the schedules are of use: people talk, connections
// break, are repaired and given up, and the SDK's own dead ends are rare.
func (c modelCounts) farEnough() bool {
	n := c.schedules
	return c.accepts > n/2 && c.repairs > n/4 && c.repaired > n/4 && c.failed > n/50 && c.toHeal > n/5 &&
		c.beside+c.stranded < n/500
}
