package plan

import "math"

// picture is a size and rate that a format can give.
type picture struct {
	width, height int
	fps           int
}

// minFPS is the least rate, in frames a second, that passes for moving pictures:
// a smaller size is taken before a lower rate.
const minFPS = 10

// atMinFPS is what minFPS is worth, of the wanted rate's 1. Whoever asks for a
// size wants to see that much of the door: at minFPS it is worth more than a
// quarter of the area at full rate.
const atMinFPS = 0.6

// fit finds the picture of a format that comes nearest to what is wanted. A
// software encoder's budget, in pixels a second, lowers the rate; 0 is no
// limit. It returns how near the picture is: 1 for what was wanted.
func (f Format) fit(want Want, budget float64) (picture, float64) {
	var best picture
	near := 0.0
	for _, s := range f.candidates(want) {
		p, score := s.fit(want, budget)
		if score > near {
			best, near = p, score
		}
	}
	return best, near
}

// candidates are the sizes worth a look: all of a list, one of a range.
func (f Format) candidates(want Want) []Size {
	if f.Range == nil {
		return f.Sizes
	}
	var sizes []Size
	for _, halving := range [...]int{1, 2, 4} { // for what a software encoder manages
		sizes = append(sizes, Size{
			Width:  snap(want.Width/halving, f.Range.MinWidth, f.Range.MaxWidth, f.Range.StepWidth),
			Height: snap(want.Height/halving, f.Range.MinHeight, f.Range.MaxHeight, f.Range.StepHeight),
		})
	}
	return append(sizes, f.Sizes...)
}

// snap brings v into a stepwise range, to an even number.
func snap(v, low, high, step int) int {
	v = max(low, min(v, high))
	if step > 1 {
		v = low + (v-low)/step*step
	}
	return v &^ 1
}

// fit returns the rate of a size and how near it comes. Nearness is the square
// root of the part of the wanted area, times what the rate is worth ([pace]),
// less for another shape. A picture larger than wanted costs as much as one
// that is as much smaller.
func (s Size) fit(want Want, budget float64) (picture, float64) {
	if s.Width < 2 || s.Height < 2 || s.Width%2 != 0 || s.Height%2 != 0 {
		return picture{}, 0
	}
	rate := s.rate(float64(want.FPS))
	if budget > 0 {
		rate = math.Min(rate, budget/float64(s.Width*s.Height))
		if rate < math.Min(minFPS, s.rate(float64(want.FPS))) {
			return picture{}, 0
		}
	}
	fps := max(1, int(rate+0.5)) // 29.97 is 30
	area := float64(s.Width*s.Height) / float64(want.Width*want.Height)
	if area > 1 {
		area = 1 / area
	}
	aspect := float64(s.Width*want.Height) / float64(s.Height*want.Width)
	if aspect > 1 {
		aspect = 1 / aspect
	}
	score := math.Sqrt(area) * pace(rate, float64(want.FPS)) * math.Pow(aspect, 0.25)
	return picture{width: s.Width, height: s.Height, fps: fps}, score
}

// pace is what a rate is worth where another is wanted, 0…1: little below
// minFPS, from there on the size matters more.
func pace(rate, want float64) float64 {
	switch {
	case rate >= want:
		return 1
	case want <= minFPS:
		return rate / want
	case rate < minFPS:
		return atMinFPS * rate / minFPS
	}
	return atMinFPS + (1-atMinFPS)*(rate-minFPS)/(want-minFPS)
}

// rate is the lowest frame rate that is not below the wanted one, or else the
// highest. A driver that does not say is taken at its word.
func (s Size) rate(want float64) float64 {
	if len(s.Rates) == 0 {
		return want
	}
	above, highest := math.Inf(1), 0.0
	for _, r := range s.Rates {
		if r >= want-0.1 { // 29.97 is 30
			above = math.Min(above, r)
		}
		highest = math.Max(highest, r)
	}
	if math.IsInf(above, 1) {
		return highest
	}
	return math.Max(above, want)
}
