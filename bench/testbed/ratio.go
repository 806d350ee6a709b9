package testbed

import (
	"fmt"
	"slices"
)

// A Ratio is how much more one server does than another, by the rounds in which
// both took part: the machine is faster in one round than in the next, and
// within a round much the same for both.
type Ratio struct {
	Median    float64 // 0 if they have no round in common
	Low, High float64 // quartiles
}

// HowToRead is below every table: what a ratio is. What else is to be said
// follows, as more items.
const HowToRead = `
How to read this:

- A ratio is the median, over the rounds, of one server's rate over the other's in
  the same round; half of the rounds lie between the quartiles. All other figures
  are medians of their own, so that two of them needn't give quite the ratio.
`

// Over is the ratio of s to a peer.
func (s Series) Over(peer Series) Ratio {
	var all []float64
	for round := range min(len(s), len(peer)) {
		if s[round].Rate > 0 && peer[round].Rate > 0 {
			all = append(all, s[round].Rate/peer[round].Rate)
		}
	}
	slices.Sort(all)
	return Ratio{Median: quantile(all, 0.5), Low: quantile(all, 0.25), High: quantile(all, 0.75)}
}

// Quartiles is both of them, for a table.
func (r Ratio) Quartiles() string { return fmt.Sprintf("%.2f–%.2f", r.Low, r.High) }

// Median is the value in the middle; 0 of nothing.
func Median(all []float64) float64 {
	return quantile(slices.Sorted(slices.Values(all)), 0.5)
}

// quantile is the value below which such a part of all lies, and between the
// two values next to it where it is none of them; 0 of nothing.
func quantile(sorted []float64, part float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := part * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// Holds says whether a bound does.
func Holds(does bool) string {
	if does {
		return "holds"
	}
	return "does not hold"
}
