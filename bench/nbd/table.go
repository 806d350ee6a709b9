package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/testbed"
)

const head = `| | spur / best peer | quartiles | / nbdkit file | / qemu-nbd | spur | ceiling | cores: client | cores: spur | cores: best peer |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// A row is what each server did at a point: Spur, qemu-nbd and, where the disk is
// a raw file, nbdkit.
type row struct {
	point   point
	name    string
	servers []testbed.Series
}

func (r row) String() string {
	spur, peers := r.servers[0], r.servers[1:]
	nbdkit := ""
	if len(peers) > 1 {
		nbdkit = fmt.Sprintf("%.2f", spur.Over(peers[1]).Median)
	}
	best := testbed.Best(peers)
	rate := fmt.Sprintf("%.1fk/s", spur.Rate()/4096/1e3)
	if r.point.megabytes {
		rate = fmt.Sprintf("%.0f MB/s", spur.Rate()/1e6)
	}
	ratio := spur.Over(best)
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %.2f | %s | %.2f | %.2f | %.2f | %.2f |", r.name, ratio.Median, ratio.Quartiles(),
		nbdkit, spur.Over(r.servers[1]).Median, rate, testbed.Ceiling(r.servers).Over(best).Median, spur.Client(), spur.Server(), best.Server())
}

const notes = `- The best peer is the one whose median rate is the highest.
- nbdkit (file) and qemu-nbd (--cache=writeback) are as they come; all serve the
  same raw file, or an overlay that each gets anew in each round, on the same
  base. Nothing is flushed and no write has FUA. nbdkit has no qcow2 with a
  backing file. Beside the overlay Spur keeps its journal, as always; qemu-nbd
  has none, and killed it loses what wasn't flushed.
- "ceiling" is the ratio that a server of no cost at all would reach, because
  the one thread of the client needs that long itself: what a ratio must be held
  against where 32 are in flight. With one in flight both sides sleep most of
  the time, and what counts is how late they are woken.
- "cores" is how many cores the client and the server kept busy.
`
