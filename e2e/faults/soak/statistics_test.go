package soak

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/intercomd/intercomd/intercom"
)

// samplesOf takes one sample a minute.
func samplesOf(memory func(minute int) float64, minutes int) []sample {
	var all []sample
	for m := range minutes {
		all = append(all, sample{
			at:      time.Duration(m) * time.Minute,
			process: intercom.ProcessStatus{Goroutines: 20 + m%3, Files: 10, Memory: uint64(memory(m) * (1 << 20))},
		})
	}
	return all
}

func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		name   string
		memory func(int) float64
		length int
		slope  string
	}{
		{"flat", func(int) float64 { return 20 }, 60, "+0.00 MB/h"},
		{"a leak of 6 MB an hour", func(m int) float64 { return 20 + float64(m)/10 }, 60, "+6.00 MB/h"},
		{"growth to the working size only", func(m int) float64 { return min(20+float64(m), 30) }, 60, "+0.00 MB/h"},
		{"too short to tell", func(m int) float64 { return float64(m) }, 5, "–"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := growthOf(samplesOf(c.memory, c.length))
			assert.Equal(t, c.slope, g.slope)
			assert.Equal(t, c.length, g.samples)
			assert.Equal(t, 20, g.first.Goroutines, "the least of those at the start")
			assert.Equal(t, 20, g.last.Goroutines, "the least of those at the end")
		})
	}
	assert.Equal(t, growth{slope: "–"}, growthOf(nil))
}

func TestQuantile(t *testing.T) {
	all := []time.Duration{3 * time.Second, time.Second, 2 * time.Second, 4 * time.Second}
	assert.Equal(t, "3s", quantile(all, 0.5))
	assert.Equal(t, "4s", quantile(all, 1))
	assert.Equal(t, "", quantile(nil, 0.5))
}

func TestReport(t *testing.T) {
	r := newReport(Options{Seed: 9, Lines: 1})
	well := plan{number: 1, kind: kinds()[0], fault: fault{name: noFault}}
	r.add(result{plan: well, outcome: talked}, sample{}, 30)
	badly := plan{number: 2, kind: kinds()[0], fault: networkFaults()[0], during: talking, lasts: time.Second}
	r.add(result{plan: badly, outcome: dropped, err: errors.New("media is gone"), excerpt: "the log"}, sample{at: time.Minute}, 31)
	r.add(result{plan: badly, outcome: silent, stall: time.Second}, sample{at: time.Minute}, 31)
	r.addCounters(0, intercom.Status{Media: map[string]uint64{"peers": 3, "none": 0}})

	unexpected := r.Unexpected()
	assert.Len(t, unexpected, 1)
	assert.Contains(t, unexpected[0], "call 2: the door rings, answered")
	assert.Contains(t, unexpected[0], "dropped: media is gone\nthe log")
	text := r.String()
	assert.Contains(t, text, "3 calls on 1 lines in 0s, 1 unexpected; 1 more went otherwise while the machine stood still for 500ms or longer")
	assert.Contains(t, text, "| the door rings, answered | 3 | 2 | 1 |  |  |  |  |  |  | 1 | 1 |  | 1 |")
	assert.Contains(t, text, "| cable pulled | in the call | 2 | 0 |")
	assert.Contains(t, text, "| media.peers | 3 |")
	assert.NotContains(t, text, "media.none")
}
