package qcow2

import (
	"cmp"
	"slices"
	"sort"
)

// span is a row of host clusters.
type span struct{ first, end int64 }

// spans are rows of host clusters, in order, of which no two touch.
type spans []span

// newSpans puts rows in order and joins them. It takes all over.
func newSpans(all []span) spans {
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	joined := all[:0]
	for _, s := range all {
		if k := len(joined); k > 0 && s.first <= joined[k-1].end {
			joined[k-1].end = max(joined[k-1].end, s.end)
		} else if s.first < s.end {
			joined = append(joined, s)
		}
	}
	return joined
}

// after is the index of the first row that ends behind a cluster.
func (s spans) after(cluster int64) int {
	return sort.Search(len(s), func(i int) bool { return s[i].end > cluster })
}

// overlap says whether one of n clusters from first on is in a row.
func (s spans) overlap(first, n int64) bool {
	i := s.after(first)
	return i < len(s) && s[i].first < first+n
}

// before is how many of n clusters from first on are before the next row.
func (s spans) before(first, n int64) int64 {
	if i := s.after(first); i < len(s) {
		return max(0, min(n, s[i].first-first))
	}
	return n
}

// add returns the rows with n clusters more.
func (s spans) add(first, n int64) spans {
	if n <= 0 {
		return s
	}
	end := first + n
	from := s.after(first - 1)
	to := from
	for ; to < len(s) && s[to].first <= end; to++ {
		first, end = min(first, s[to].first), max(end, s[to].end)
	}
	return slices.Replace(s, from, to, span{first, end})
}

// remove returns the rows without n clusters.
func (s spans) remove(first, n int64) spans {
	if n <= 0 {
		return s
	}
	end := first + n
	from := s.after(first)
	to := from
	var left []span
	for ; to < len(s) && s[to].first < end; to++ {
		if s[to].first < first {
			left = append(left, span{s[to].first, first})
		}
		if s[to].end > end {
			left = append(left, span{end, s[to].end})
		}
	}
	if from == to {
		return s
	}
	return slices.Replace(s, from, to, left...)
}
