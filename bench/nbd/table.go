package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/pair"
)

const head = `| | spur / best peer | quartiles | / nbdkit file | / qemu-nbd | spur | ceiling | cores: client | cores: spur | cores: best peer |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// A row is what each server did at a point, Spur first and qemu-nbd second;
// nbdkit is not in all of them.
type row struct {
	point   point
	name    string
	servers []pair.Series
}

func (r row) String() string {
	spur, best := r.servers[0], pair.Best(r.servers[1:])
	nbdkit := ""
	if len(r.servers) > 2 {
		nbdkit = fmt.Sprintf("%.2f", spur.Over(r.servers[2]).Median)
	}
	rate := fmt.Sprintf("%.1fk/s", spur.Rate()/4096/1e3)
	if r.point.megabytes {
		rate = fmt.Sprintf("%.0f MB/s", spur.Rate()/1e6)
	}
	ratio := spur.Over(best)
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %.2f | %s | %.2f | %.2f | %.2f | %.2f |", r.name, ratio.Median, ratio.Quartiles(),
		nbdkit, spur.Over(r.servers[1]).Median, rate, pair.Ceiling(r.servers).Over(best).Median, spur.Client(), spur.Server(), best.Server())
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
- "cores" is how many cores the client and the server kept busy. Spur looks for
  the next request for up to 50 µs before it sleeps, which counts as busy.
- "all cores busy": beside as many processes as there are cores, which never
  sleep and have the priority of client and server. A server that sleeps is
  woken before those who don't, and one that looks loses its core to them for
  milliseconds: Spur gives up looking where that happens, and 1 is what it must
  keep beside those that always sleep. The figures go up and down by half,
  because of who happens to share a core with whom.
`
