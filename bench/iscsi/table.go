package main

import "fmt"

const head = `| | spur / tgtd | floor / tgtd | spur | tgtd | floor | cores: client | cores: spur | cores: tgtd |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
`

func row(p point, best map[string]round) string {
	spur, peer, floor := best["spur"], best["tgtd"], best["floor"]
	rate := func(r round) string {
		if p.sequential {
			return fmt.Sprintf("%.0f MB/s", r.rate*float64(p.size)/1e6)
		}
		return fmt.Sprintf("%.1fk/s", r.rate/1e3)
	}
	return fmt.Sprintf("| %s | **%.2f** | %.2f | %s | %s | %s | %.2f | %.2f | %.2f |", p.name(), spur.rate/peer.rate,
		floor.rate/peer.rate, rate(spur), rate(peer), rate(floor), spur.client, spur.server, peer.server)
}

const notes = `
How to read this:

- The client has one thread. It is this benchmark, which looks at no data, or
  iscsi-perf (libiscsi) where the point says so; iscsi-perf knows no writing.
- tgtd is as it comes, but that it takes and sends PDUs of the lengths that
  Spur does: its own limit of 8 KiB costs it more.
- "floor" is a server without a disk, which takes and answers all that has come
  by two system calls, and looks at nothing: what the client, and the kernel
  between, leave room for. A ratio must be held against that one.
- "cores" is how many cores the client and the server kept busy.
`
