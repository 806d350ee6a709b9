package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/testbed"
)

// point is what the client asks, and over which wire.
type point struct {
	mtu        int
	write      bool
	sequential bool
	size       int // of a request, in bytes
	depth      int // requests in flight
}

// points: 4 KiB at random, which is four frames where the MTU is the usual one,
// and a file from its beginning to its end in frames as long as there can be,
// of whole KiB as Linux's initiator has them.
func points() []point {
	var all []point
	for _, mtu := range []int{testbed.UsualMTU, testbed.JumboMTU} {
		longest := (mtu - (headers - 14)) / 1024 * 1024
		for _, p := range []point{
			{size: 4 << 10},
			{size: 4 << 10, write: true},
			{size: longest, sequential: true},
			{size: longest, sequential: true, write: true},
		} {
			p.mtu = mtu
			for _, p.depth = range []int{1, 32} {
				all = append(all, p)
			}
		}
	}
	return all
}

func (p point) name() string {
	order, way := "random", "read"
	if p.sequential {
		order = "sequential"
	}
	if p.write {
		way = "write"
	}
	return fmt.Sprintf("MTU %d, %dk %s %s, QD %d", p.mtu, p.size>>10, order, way, p.depth)
}
