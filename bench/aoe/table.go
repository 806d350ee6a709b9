package main

import (
	"fmt"
	"strings"
)

const (
	// goal is how much more than vblade Spur should do.
	goal = 1.2

	head = `| | spur / vblade | spur | vblade | ceiling | cores: spur | cores: vblade |
|---|--:|--:|--:|--:|--:|--:|
`
)

func row(p point, best map[string]round) string {
	spur, vblade := best["spur"], best["vblade"]
	rate := func(r round) string {
		if p.sequential {
			return fmt.Sprintf("%.0f MB/s", r.rate/1e6)
		}
		return fmt.Sprintf("%.1fk/s", r.rate/float64(p.size)/1e3)
	}
	line := fmt.Sprintf("| %s | **%.2f** | %s | %s | %.2f | %.2f | %.2f |", p.name(), spur.rate/vblade.rate,
		rate(spur), rate(vblade), best["floor"].rate/vblade.rate, spur.server, vblade.server)
	for _, name := range []string{"spur", "vblade"} {
		if n := best[name].resent; n > 0 {
			line += fmt.Sprintf("\n| %d frames to %s were lost | | | | | | |", n, name)
		}
	}
	return line
}

func verdict(below []string) string {
	if len(below) == 0 {
		return fmt.Sprintf("\nEvery point is at %.1f or above.\n", goal)
	}
	return fmt.Sprintf("\nBelow %.1f: %s.\n", goal, strings.Join(below, "; "))
}

const notes = `
How to read this:

- The client is this benchmark: one thread on a packet ring, which never sleeps
  and looks at no data.
- vblade is as it comes, with as many buffers as Spur has. Neither waits for the
  disk when it writes. Spur flushes what was written by itself, every 64 MiB and
  every 5 s at the latest, and vblade never does, so that on a disk (-dir) a
  file that is written without end is as fast as the disk where Spur serves it;
  in memory that makes no difference.
- "ceiling" is the ratio that a server without a disk reaches, which answers
  from a ring of its own that it watches without ever sleeping: what the client
  and the wire leave room for, and what a ratio must be held against.
- "cores" is how many cores the server kept busy; Spur watches for the next
  frame for a moment before it sleeps.
- "all cores busy": beside as many processes as there are cores, which never
  sleep and have the server's priority; the client goes before them. A server
  that sleeps is woken before those who don't, and one that watches loses its
  core to them for milliseconds: Spur gives up watching where that happens, and
  1 is what it must keep beside one that always sleeps.
`
