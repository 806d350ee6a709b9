package main

import "fmt"

const head = `| | spur / tgtd | spur | tgtd | ceiling | cores: client | cores: spur | cores: tgtd |
|---|--:|--:|--:|--:|--:|--:|--:|
`

func row(p point, best map[string]round) string {
	spur, peer := best["spur"], best["tgtd"]
	rate := func(r round) string {
		if p.sequential {
			return fmt.Sprintf("%.0f MB/s", r.rate*float64(p.size)/1e6)
		}
		return fmt.Sprintf("%.1fk/s", r.rate/1e3)
	}
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %.2f | %.2f | %.2f | %.2f |", p.name(), spur.rate/peer.rate,
		rate(spur), rate(peer), ceiling(best)/peer.rate, spur.client, spur.server, peer.server)
}

// ceiling is the rate at which the client alone, at the least that a command
// costs it beside any server, keeps a core busy: it has one thread.
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

- The client has one thread. It is this benchmark, which looks at no data, or
  iscsi-perf (libiscsi) where the point says so; iscsi-perf knows no writing.
- tgtd is as it comes, but that it takes and sends PDUs of the lengths that
  Spur does: its own limit of 8 KiB costs it more.
- "ceiling" is the ratio that a server of no cost at all would reach, because
  the one thread of the client needs that long itself: what a ratio must be held
  against where 32 are in flight. With one in flight both sides sleep most of
  the time, and what counts is how late they are woken.
- "cores" is how many cores the client and the server kept busy.
`
