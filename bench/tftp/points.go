package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spurboot/spur/bench/testbed"
)

// A point is one thing to measure: so many clients that ask for a file of this
// size (bytes) with this block and window size.
type point struct{ clients, block, window, size int }

func (p point) String() string {
	return fmt.Sprintf("clients %d blksize %d windowsize %d", p.clients, p.block, p.window)
}

// mtu is that of the wire: blocks larger than a usual frame are for wires with
// larger frames. A single client gets them in fragments, as firmware does that
// asks for them regardless; many clients get them whole, because their kernel
// would be busy with nothing but fragments.
func (p point) mtu() int {
	if p.clients > 1 && p.block > testbed.UsualMTU {
		return testbed.JumboMTU
	}
	return testbed.UsualMTU
}

var blocks = [...]int{512, 1428, 8192}

func points(o options) []point {
	var all []point
	for _, clients := range []int{1, o.many} {
		for i, block := range blocks {
			for _, window := range []int{1, 4, 16, 64} {
				if o.Quick && (window == 4 || window == 64) && clients > 1 {
					continue
				}
				p := point{clients: clients, block: block, window: window, size: o.fileSize(clients, i, window)}
				all = append(all, p)
			}
		}
	}
	return all
}

// fileSize is what a client gets, in bytes: what takes long enough to measure
// with such blocks (an index), and not longer. With a window of 1 everybody is
// slow.
func (o options) fileSize(clients, block, window int) int {
	switch {
	case clients == 1:
		return o.size << 20 >> (len(blocks) - 1 - block)
	case window == 1:
		return o.share << 19 << shares[block]
	default:
		return o.share << 20 << shares[block]
	}
}

// shares is how often the file of each of many clients is doubled, by the size of blocks.
var shares = [len(blocks)]int{0, 1, 3}

// fileSizes are those of all files to serve.
func fileSizes(o options) []int {
	sizes := []int{readySize}
	for _, p := range points(o) {
		if !slices.Contains(sizes, p.size) {
			sizes = append(sizes, p.size)
		}
	}
	return sizes
}

// A row is what came out for a point.
type row struct {
	point    point
	servers  []testbed.Series // Spur first
	failures []int            // transfers that a client gave up, of each server
}

func measure(ctx context.Context, lab *lab, servers []*server, p point, rounds int) (row, error) {
	if err := lab.SetMTU(p.mtu()); err != nil {
		return row{}, err
	}
	r := row{point: p, servers: make([]testbed.Series, len(servers)), failures: make([]int, len(servers))}
	err := testbed.Take(r.servers, rounds, func(i int) (testbed.Figure, error) {
		if i > 0 && (r.failures[i] == enough || p.behind(r.servers[i], r.best())) {
			return testbed.Figure{}, nil
		}
		f, err := fetch(ctx, lab, servers[i], p)
		if err != nil {
			err = fmt.Errorf("%s from %s: %w", p, servers[i].name, err)
			if i == 0 || p.clients > 1 || ctx.Err() != nil {
				return f, err
			}
			fmt.Fprintln(os.Stderr, err)
			r.failures[i]++
			return testbed.Figure{}, nil
		}
		time.Sleep(20 * time.Millisecond)
		return f, nil
	})
	if err != nil {
		return r, err
	}
	for i, s := range r.servers {
		if s.Count() == 0 {
			return r, fmt.Errorf("%s: none of %d transfers from %s succeeded", p, r.failures[i], servers[i].name)
		}
	}
	return r, nil
}

const (
	// slow is how long a peer may take for a point to be asked again.
	slow = 8 // seconds

	// enough rounds show that a peer is far behind another, or fails.
	enough = 3
)

// behind tells whether a peer is not asked again: it takes long, or another is
// twice as fast.
func (p point) behind(peer, best testbed.Series) bool {
	if peer.Count() == 0 {
		return false
	}
	return peer.Rate() < float64(p.bytes())/slow || peer.Count() >= enough && peer.Rate() < best.Rate()/2
}

// bytes is what all clients get.
func (p point) bytes() int { return p.clients * p.size }

// best is Spur's best peer.
func (r row) best() testbed.Series { return testbed.Best(r.servers[1:]) }

// ratio is Spur's to its best peer.
func (r row) ratio() testbed.Ratio { return r.servers[0].Over(r.best()) }

func (r row) line(names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-40s", r.point)
	for i, s := range r.servers {
		fmt.Fprintf(&b, " %s %.0f", names[i], s.Rate()/(1<<20))
		if s.Client() > 0 {
			fmt.Fprintf(&b, " (%.2f+%.2f)", s.Client(), s.Server())
		}
	}
	fmt.Fprintf(&b, " ratio %.2f (%s)", r.ratio().Median, r.ratio().Quartiles())
	return b.String()
}
