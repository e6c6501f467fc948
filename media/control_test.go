package media

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestKeyFrameRequestsAreLimited(t *testing.T) {
	start := time.Unix(1000, 0)
	ms := func(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }
	type step struct {
		at   int // ms
		do   string
		want bool // of take
	}
	for name, steps := range map[string][]step{
		"nobody asks":         {{0, "take", false}},
		"first is at once":    {{0, "want", false}, {1, "take", true}, {2, "take", false}},
		"second waits":        {{0, "want", false}, {0, "take", true}, {100, "want", false}, {100, "take", false}, {299, "take", false}, {300, "take", true}},
		"a storm is one":      {{0, "want", false}, {0, "take", true}, {1, "want", false}, {2, "want", false}, {3, "want", false}, {300, "take", true}, {301, "take", false}, {900, "take", false}},
		"urgent is not held":  {{0, "want", false}, {0, "take", true}, {10, "urgent", false}, {10, "take", true}},
		"one came by itself":  {{0, "want", false}, {0, "came", false}, {1, "take", false}, {500, "take", false}},
		"after one by itself": {{0, "came", false}, {100, "want", false}, {200, "take", false}, {300, "take", true}},
	} {
		t.Run(name, func(t *testing.T) {
			var k keyFrames
			for i, s := range steps {
				switch s.do {
				case "want":
					k.want(false)
				case "urgent":
					k.want(true)
				case "came":
					k.came(ms(s.at))
				case "take":
					assert.Equal(t, s.want, k.take(ms(s.at)), "step %d", i)
				}
			}
		})
	}
}

func TestControlTellsOfABitrateOnce(t *testing.T) {
	var c control
	c.wantBitrate(500000)
	assert.Equal(t, 500000, c.reset())
	now := time.Unix(1000, 0)
	_, bitrate := c.next(now)
	assert.Zero(t, bitrate, "the encoder began with it")
	c.wantBitrate(300000)
	_, bitrate = c.next(now)
	assert.Equal(t, 300000, bitrate)
	_, bitrate = c.next(now)
	assert.Zero(t, bitrate)
}
