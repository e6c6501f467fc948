package playout

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// sound makes n samples.
func sound(n int, f func(i int) float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(f(i))
	}
	return out
}

func sine(hz, peak float64) func(int) float64 {
	return func(i int) float64 { return peak * math.Sin(2*math.Pi*hz*float64(i)/48000) }
}

func TestAdjust(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	noise := func(int) float64 { return 8000 * (2*random.Float64() - 1) }
	silence := func(int) float64 { return 0 }
	for name, tc := range map[string]struct {
		samples  int
		of       func(int) float64
		excess   int
		anyway   bool
		min, max int // change of the length
	}{
		"just right":                    {1500, sine(300, 9000), 0, false, 0, 0},
		"too deep":                      {1500, sine(300, 9000), 900, false, -720, -120},
		"no more than asked for":        {1500, sine(300, 9000), 200, false, -200, -120},
		"too deep by next to nothing":   {1500, sine(300, 9000), 100, false, 0, 0},
		"far too deep":                  {1500, sine(300, 9000), 9000, true, -720, -120},
		"too shallow":                   {1500, sine(300, 9000), -300, false, 120, 720},
		"far too shallow":               {1500, sine(300, 9000), -9000, true, 120, 720},
		"low voice":                     {1500, sine(90, 9000), 900, false, -540, -520},
		"noise is left alone":           {1500, noise, 900, false, 0, 0},
		"unless it is urgent":           {1500, noise, 900, true, -720, -120},
		"silence is cut anywhere":       {1500, silence, 700, false, -700, -700},
		"silence is lengthened":         {1500, silence, -240, false, 720, 720},
		"the least there may be":        {needed, sine(300, 9000), 720, false, -720, -120},
		"too little to work with":       {needed - 1, sine(300, 9000), 720, true, 0, 0},
		"nothing at all to work with":   {0, silence, 720, true, 0, 0},
		"lengthening has its limit too": {1500, sine(90, 9000), -100, false, 120, 580},
	} {
		t.Run(name, func(t *testing.T) {
			in := sound(tc.samples, tc.of)
			got := Adjust(slices.Clone(in), tc.excess, tc.anyway)
			assert.GreaterOrEqual(t, len(got)-len(in), tc.min)
			assert.LessOrEqual(t, len(got)-len(in), tc.max)
			if len(in) > 0 {
				assert.Equal(t, in[0], got[0], "it joins what was played before")
				assert.Equal(t, in[len(in)-1], got[len(got)-1], "and what comes after")
			}
		})
	}
}

func TestStretchedToneIsStillATone(t *testing.T) {
	for _, hz := range []float64{100, 220, 440, 700} {
		limit := 1.3 * 9000 * 2 * math.Pi * hz / 48000
		for _, excess := range []int{720, -720} {
			got := Adjust(sound(1920, sine(hz, 9000)), excess, false)
			assert.NotEqual(t, 1920, len(got), "%v Hz by %d", hz, excess)
			worst := 0.0
			for i := 1; i < len(got); i++ {
				worst = max(worst, math.Abs(float64(got[i])-float64(got[i-1])))
			}
			assert.LessOrEqual(t, worst, limit, "%v Hz by %d", hz, excess)
		}
	}
}
