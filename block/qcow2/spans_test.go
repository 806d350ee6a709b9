package qcow2

import (
	"math/rand/v2"
	"testing"
)

// TestSpans compares rows of clusters with single ones.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var s spans
	single := map[int64]bool{}
	for range 5000 {
		first, n, add := r.Int64N(200), r.Int64N(9), r.IntN(2) == 0
		if add {
			s = s.add(first, n)
		} else {
			s = s.remove(first, n)
		}
		for c := first; c < first+n; c++ {
			single[c] = add
		}
		for c := range int64(210) {
			if s.overlap(c, 1) != single[c] {
				t.Fatalf("cluster %d of %v: %v", c, s, single[c])
			}
		}
		again := newSpans(append(spans(nil), s...))
		for i := range s {
			if again[i] != s[i] || len(again) != len(s) {
				t.Fatalf("%v isn't in order", s)
			}
		}
	}
}
