package main

import "fmt"

const head = `| | spur / best peer | / nbdkit file | / qemu-nbd | spur | ceiling | cores: client | cores: spur | cores: best peer |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
`

func row(name string, p point, best map[string]round) string {
	spur, peer := best["spur"], best["qemu-nbd"]
	if best["nbdkit"].rate > peer.rate {
		peer = best["nbdkit"]
	}
	ratio := func(server string) string {
		if best[server].rate == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", spur.rate/best[server].rate)
	}
	rate := fmt.Sprintf("%.1fk/s", spur.rate/4096/1e3)
	if p.megabytes {
		rate = fmt.Sprintf("%.0f MB/s", spur.rate/1e6)
	}
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %s | %.2f | %.2f | %.2f | %.2f |", name, spur.rate/peer.rate,
		ratio("nbdkit"), ratio("qemu-nbd"), rate, ceiling(best)/peer.rate, spur.client, spur.server, peer.server)
}

// ceiling is the rate, in bytes per second, at which the client alone, at the
// least that a byte costs it beside any server, keeps a core busy: fio has one
// thread.
func ceiling(best map[string]round) (rate float64) {
	for _, r := range best {
		if r.client > 0 {
			rate = max(rate, r.rate/r.client)
		}
	}
	return rate
}

const notes = `
How to read this:

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
