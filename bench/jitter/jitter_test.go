package jitter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ms = time.Millisecond

func compare(t *testing.T, n Network) (fixed, adaptive Result) {
	t.Helper()
	fixed, adaptive, err := Compare(n, 4, 20*time.Second)
	require.NoError(t, err)
	t.Logf("%+v\nfixed    %+v\nadaptive %+v", n, fixed, adaptive)
	return fixed, adaptive
}

// TestAdaptiveIsBetter checks on each network what adapting is for: less delay
// where the network is even, fewer gaps where it is not.
func TestAdaptiveIsBetter(t *testing.T) {
	for _, n := range Networks() {
		fixed, adaptive := compare(t, n)
		assert.LessOrEqual(t, adaptive.P95, 140*ms, "%+v", n)
		switch {
		case n.Jitter > 60*ms:
			assert.Less(t, adaptive.Concealed, fixed.Concealed*3/4, "%+v", n)
		case n.Jitter == 0 && n.Loss == 0:
			assert.Less(t, adaptive.Median, fixed.Median*3/4, "%+v", n)
		}
	}
}

func TestLossIsMadeUp(t *testing.T) {
	_, clean := compare(t, Network{})
	assert.LessOrEqual(t, clean.Concealed, 200*ms, "the wait at the start of each call")
	_, lossy := compare(t, Network{Loss: 0.1})
	made := (lossy.Concealed + lossy.Recovered).Seconds()
	assert.InDelta(t, 6, made, 1, "a tenth of a minute")
	assert.Greater(t, lossy.Recovered, lossy.Concealed)
}

func TestSameSeedSameFigures(t *testing.T) {
	n := Network{Loss: 0.1, Jitter: 30 * ms}
	a, b := n.arrivals(1000, 1), n.arrivals(1000, 1)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, n.arrivals(1000, 2))
	assert.InDelta(t, 900, len(a), 40)
	for i, p := range a {
		delay := p.at - sendTime(p.seq)
		require.True(t, delay >= 0 && delay <= 30*ms, "%+v", p)
		require.True(t, i == 0 || a[i-1].at <= p.at)
	}
}

func TestSpeechIsSpeech(t *testing.T) {
	pcm := speech()
	assert.InDelta(t, 12.4, float64(len(pcm))/48000, 0.1)
	packets, err := encodeSpeech()
	require.NoError(t, err)
	assert.InDelta(t, 620, len(packets), 5)
}

func TestQuantile(t *testing.T) {
	assert.Zero(t, quantile(nil, 0.5))
	values := []time.Duration{5, 1, 4, 2, 3}
	assert.EqualValues(t, 3, quantile(values, 0.5))
	assert.EqualValues(t, 5, quantile(values, 1))
	assert.EqualValues(t, 5, values[0], "the series is left alone")
}
