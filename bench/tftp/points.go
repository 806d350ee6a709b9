package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// A point is one thing to measure: so many clients that ask for this block
// and window size.
type point struct {
	clients, block, window int
	file                   string
	bytes                  int // of all clients together
}

func (p point) String() string {
	return fmt.Sprintf("clients %d blksize %d windowsize %d", p.clients, p.block, p.window)
}

func points(o options) []point {
	var all []point
	for _, clients := range []int{1, o.many} {
		for _, block := range []int{512, 1428, 8192} {
			for _, window := range []int{1, 4, 16, 64} {
				if o.quick && (window == 4 || window == 64) && clients > 1 {
					continue
				}
				p := point{clients: clients, block: block, window: window, file: oneFile, bytes: o.size << 20}
				if clients > 1 {
					p.file, p.bytes = manyFile, clients*o.share<<20
				}
				all = append(all, p)
			}
		}
	}
	return all
}

// A row is what came out for a point: bytes per second of each server, the
// first of which is Spur.
type row struct {
	point point
	rates []float64
}

// slow is how long a server may take for a point to be asked again. (atftpd
// overruns its client's buffer with windows of 16 large blocks, and then waits
// for timeouts.)
const slow = 5 * time.Second

func measure(ctx context.Context, lab *lab, servers []*server, p point, rounds int) (row, error) {
	r := row{point: p, rates: make([]float64, len(servers))}
	tooSlow := make([]bool, len(servers))
	for round := range rounds {
		for i := range servers {
			i = (i + round) % len(servers)
			if tooSlow[i] {
				continue
			}
			took, err := fetch(ctx, lab, servers[i], p)
			if err != nil {
				return r, fmt.Errorf("%s from %s: %w", p, servers[i].name, err)
			}
			tooSlow[i] = took > slow
			r.rates[i] = max(r.rates[i], float64(p.bytes)/took.Seconds())
			time.Sleep(20 * time.Millisecond)
		}
	}
	return r, nil
}

// ratio is Spur's rate over that of its best peer.
func (r row) ratio() float64 {
	best := 0.0
	for _, rate := range r.rates[1:] {
		best = max(best, rate)
	}
	return r.rates[0] / best
}

func (r row) line(names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-40s", r.point)
	for i, rate := range r.rates {
		fmt.Fprintf(&b, " %s %.0f", names[i], rate/(1<<20))
	}
	fmt.Fprintf(&b, " ratio %.2f", r.ratio())
	return b.String()
}

func printTable(w io.Writer, names []string, rows []row) {
	fmt.Fprintf(w, "| clients | blksize | windowsize | spur / best peer |")
	for _, name := range names[1:] {
		fmt.Fprintf(w, " / %s |", name)
	}
	fmt.Fprintf(w, "\n|--:|--:|--:|--:|%s\n", strings.Repeat("--:|", len(names)-1))
	for _, r := range rows {
		fmt.Fprintf(w, "| %d | %d | %d | **%.2f** |", r.point.clients, r.point.block, r.point.window, r.ratio())
		for _, rate := range r.rates[1:] {
			fmt.Fprintf(w, " %.2f |", r.rates[0]/rate)
		}
		fmt.Fprintln(w)
	}
}
