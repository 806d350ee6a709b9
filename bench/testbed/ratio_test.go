package testbed

import (
	"math"
	"testing"
)

func TestOverComparesWithinARound(t *testing.T) {
	for _, c := range []struct {
		what    string
		s, peer Series
		want    Ratio
	}{
		{"a machine twice as fast every other round", rates(10, 20, 10, 20, 10), rates(5, 10, 5, 10, 5), Ratio{2, 2, 2}},
		{"one lucky round", rates(1, 1, 1, 1, 9), rates(1, 1, 1, 1, 1), Ratio{1, 1, 1}},
		{"between two rounds", rates(1, 2, 3, 4), rates(1, 1, 1, 1), Ratio{2.5, 1.75, 3.25}},
		{"rounds that the peer lacks", rates(1, 9, 2, 9, 3), rates(1, 0, 1, 0, 1), Ratio{2, 1.5, 2.5}},
		{"a peer that was asked once", rates(6, 7, 8), rates(2, 0, 0), Ratio{3, 3, 3}},
		{"a peer that ends early", rates(6, 7, 8), rates(2), Ratio{3, 3, 3}},
		{"no round in common", rates(1, 0), rates(0, 1), Ratio{}},
		{"nothing", nil, nil, Ratio{}},
	} {
		got := c.s.Over(c.peer)
		for _, d := range []float64{got.Median - c.want.Median, got.Low - c.want.Low, got.High - c.want.High} {
			if math.Abs(d) > 1e-9 || math.IsNaN(d) {
				t.Errorf("%s: %v, not %v", c.what, got, c.want)
				break
			}
		}
	}
}

func TestQuartilesAreNarrow(t *testing.T) {
	if got := (Ratio{Low: 1.049, High: 12.5}).Quartiles(); got != "1.05–12.50" {
		t.Error(got)
	}
}
