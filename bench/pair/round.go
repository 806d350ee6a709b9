package pair

import (
	"cmp"
	"slices"
)

// Counting returns which of a server's rounds counts, by their rates: the best,
// or, where luck decides who gets a core, the median.
func Counting(rates []float64, luck bool) int {
	order := make([]int, len(rates))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rates[b], rates[a]) })
	if luck {
		return order[len(order)/2]
	}
	return order[0]
}
