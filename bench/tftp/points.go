package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/bench/pair"
)

// A point is one thing to measure: so many clients that ask for a file of this
// size (bytes) with this block and window size.
type point struct{ clients, block, window, size int }

func (p point) String() string {
	return fmt.Sprintf("clients %d blksize %d windowsize %d", p.clients, p.block, p.window)
}

// mtu is that of the wire: blocks larger than a usual frame are for wires with
// larger frames. A single client gets them in fragments, as firmware does that
// asks for them regardless; a crowd gets them whole, because a crowd's kernel
// would be busy with nothing but fragments.
func (p point) mtu() int {
	if p.clients > 1 && p.block > pair.UsualMTU {
		return pair.JumboMTU
	}
	return pair.UsualMTU
}

var blocks = [...]int{512, 1428, 8192}

func points(o options) []point {
	var all []point
	for _, clients := range []int{1, o.many} {
		for i, block := range blocks {
			for _, window := range []int{1, 4, 16, 64} {
				if o.quick && (window == 4 || window == 64) && clients > 1 {
					continue
				}
				p := point{clients: clients, block: block, window: window, size: o.size << 20}
				if clients > 1 {
					p.size = shares(o)[i]
				}
				all = append(all, p)
			}
		}
	}
	return all
}

// shares returns the size of the file for each of many clients, by the size of
// blocks: what takes long enough to measure, and not longer.
func shares(o options) []int { return []int{o.share << 20, o.share << 21, o.share << 23} }

// A row is what came out for a point: bytes per second of each server, the
// first of which is Spur, and what the best round cost.
type row struct {
	point point
	rates []float64
	costs []cost
	floor float64 // bytes per second of the better floor

	failures []int // transfers that a client gave up, of each server
}

// slow is how long a server may take for a point to be asked again.
const slow = 8 // seconds

func measure(ctx context.Context, lab *lab, servers, floors []*server, p point, rounds int) (row, error) {
	if err := lab.SetMTU(p.mtu()); err != nil {
		return row{}, err
	}
	all := append(slices.Clip(servers), floors...)
	rounded := make([][]cost, len(all))
	tooSlow := make([]bool, len(all))
	failures := make([]int, len(all)) // transfers from peers that a client has given up
	for round := range rounds {
		for i := range all {
			i = (i + round) % len(all)
			if tooSlow[i] {
				continue
			}
			c, err := fetch(ctx, lab, all[i], p)
			if err != nil {
				err = fmt.Errorf("%s from %s: %w", p, all[i].name, err)
				if i == 0 || p.clients > 1 || ctx.Err() != nil {
					return row{}, err
				}
				fmt.Fprintln(os.Stderr, err)
				failures[i]++
				continue
			}
			tooSlow[i] = c.took > slow
			rounded[i] = append(rounded[i], c)
			time.Sleep(20 * time.Millisecond)
		}
	}
	rates, costs := make([]float64, len(all)), make([]cost, len(all))
	for i, each := range rounded {
		if len(each) == 0 {
			return row{}, fmt.Errorf("%s: none of %d transfers from %s succeeded", p, failures[i], all[i].name)
		}
		costs[i] = p.counts(each)
		rates[i] = float64(p.clients*p.size) / costs[i].took
	}
	n := len(servers)
	return row{point: p, rates: rates[:n], costs: costs[:n], floor: slices.Max(append(rates[n:], 0)), failures: failures[:n]}, nil
}

// counts is the round that counts: of a single client the median, for a window
// that is larger than its buffer may come whole once in a few rounds; of a crowd
// the best.
func (p point) counts(rounds []cost) cost {
	slices.SortFunc(rounds, func(a, b cost) int { return cmp.Compare(a.took, b.took) })
	if p.clients == 1 {
		return rounds[len(rounds)/2]
	}
	return rounds[0]
}

// best is the rate of Spur's best peer.
func (r row) best() float64 {
	best := 0.0
	for _, rate := range r.rates[1:] {
		best = max(best, rate)
	}
	return best
}

// ratio is Spur's rate over that of its best peer.
func (r row) ratio() float64 { return r.rates[0] / r.best() }

func (r row) line(names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-40s", r.point)
	for i, rate := range r.rates {
		fmt.Fprintf(&b, " %s %.0f", names[i], rate/(1<<20))
		if c := r.costs[i]; c.clients > 0 {
			fmt.Fprintf(&b, " (%.2f+%.2f)", c.clients/c.took, c.server/c.took)
		}
	}
	fmt.Fprintf(&b, " floor %.0f ratio %.2f", r.floor/(1<<20), r.ratio())
	return b.String()
}
