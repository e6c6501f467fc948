package soak

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlansOfASeedAreTheSame(t *testing.T) {
	texts := func(seed uint64) (all []string) {
		r := rand.New(rand.NewPCG(seed, 0))
		for n := range 200 {
			all = append(all, draw(r, n, kinds(), networkFaults(), false).String())
		}
		return all
	}
	assert.Equal(t, texts(1), texts(1))
	assert.NotEqual(t, texts(1), texts(2))
}

func TestPlansKeepWithinBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	faults := append(networkFaults(), proxyFaults()...)
	seenKinds, seenFaults := map[string]bool{}, map[string]bool{}
	for n := range 5000 {
		p := draw(r, n, kinds(), faults, false)
		seenKinds[p.kind.name], seenFaults[p.fault.name] = true, true
		require.GreaterOrEqual(t, p.answer, minAnswer)
		require.Less(t, p.answer, maxAnswer)
		require.GreaterOrEqual(t, p.hold, minHold)
		require.Less(t, p.hold, maxHold)
		if p.fault.name == noFault {
			require.Empty(t, p.during)
			continue
		}
		require.True(t, p.kind.mayBeDisturbed, p)
		require.True(t, p.during == ringing || p.kind.talks, p)
		require.LessOrEqual(t, p.lasts, p.fault.most, p)
		require.True(t, p.during == talking || p.lasts <= maxRingFault, p)
	}
	assert.Len(t, seenKinds, len(kinds()), "every kind is drawn")
	assert.Len(t, seenFaults, len(faults)+1, "every fault is drawn, and none")
}

func TestShortPlansAreQuick(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for n := range 2000 {
		p := draw(r, n, kinds(), networkFaults(), true)
		require.False(t, p.kind.slow, p)
		require.LessOrEqual(t, p.hold, time.Second)
		require.LessOrEqual(t, p.lasts, 2*time.Second)
	}
}

func TestRightOutcomes(t *testing.T) {
	answered := kind{name: "answered", want: talked, talks: true}
	network := fault{name: "network", path: everything, cuts: true}
	link := fault{name: "link", path: signallingPath, cuts: true}
	for _, c := range []struct {
		name string
		plan plan
		want []outcome
	}{
		{"nothing wrong", plan{kind: answered, fault: fault{name: noFault}}, []outcome{talked}},
		{"late while it rings", plan{kind: answered, fault: link, during: ringing, lasts: time.Second}, []outcome{talked, unanswered, unreached}},
		{"signalling gone in the call", plan{kind: answered, fault: link, during: talking, lasts: 8 * time.Second}, []outcome{talked}},
		{"network gone for a moment", plan{kind: answered, fault: network, during: talking, lasts: survivable}, []outcome{talked}},
		{"network gone for long", plan{kind: answered, fault: network, during: talking, lasts: survivable + 1}, []outcome{talked, dropped}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, o := range outcomes() {
				assert.Equal(t, slices.Contains(c.want, o), c.plan.right(o), o)
			}
		})
	}
}

func TestPickFollowsWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	counts := map[string]int{}
	for range 4000 {
		counts[pick(r, []string{"a", "bbb", ""}, func(s string) int { return len(s) })]++
	}
	assert.Zero(t, counts[""])
	assert.InDelta(t, 3, float64(counts["bbb"])/float64(counts["a"]), 0.5)
}
