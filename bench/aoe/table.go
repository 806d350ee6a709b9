package main

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/bench/testbed"
)

const (
	// leastAlone and leastMedian are how much Spur should do of what vblade does:
	// with one request in flight at each point, and in the median of all points.
	leastAlone, leastMedian = 1.0, 1.2

	head = `| | spur / vblade | quartiles | spur | vblade | cores: spur | cores: vblade |
|---|--:|--:|--:|--:|--:|--:|
`
)

// A row is what each did at a point.
type row struct {
	point        point
	spur, vblade testbed.Series
}

func (r row) ratio() testbed.Ratio { return r.spur.Over(r.vblade) }

func (r row) String() string {
	rate := func(s testbed.Series) string {
		if r.point.sequential {
			return fmt.Sprintf("%.0f MB/s", s.Rate()/1e6)
		}
		return fmt.Sprintf("%.1fk/s", s.Rate()/float64(r.point.size)/1e3)
	}
	line := fmt.Sprintf("| %s | **%.2f** | %s | %s | %s | %.2f | %.2f |", r.point.name(),
		r.ratio().Median, r.ratio().Quartiles(),
		rate(r.spur), rate(r.vblade), r.spur.Server(), r.vblade.Server())
	for _, to := range []struct {
		name string
		did  testbed.Series
	}{{"spur", r.spur}, {"vblade", r.vblade}} {
		if n := to.did.Resent(); n > 0 {
			line += fmt.Sprintf("\n| %d frames to %s were lost | | | | | | |", n, to.name)
		}
	}
	return line
}

// verdict says which marks are missed.
func verdict(all []row) string {
	var below []string
	var ratios []float64
	for _, r := range all {
		ratios = append(ratios, r.ratio().Median)
		if r.point.depth == 1 && r.ratio().Median < leastAlone {
			below = append(below, r.point.name())
		}
	}
	if len(below) == 0 {
		below = []string{"none"}
	}
	return fmt.Sprintf("\nMedian of all points: %.2f, at least %.1f wanted. QD 1 below %.1f: %s.\n",
		testbed.Median(ratios), leastMedian, leastAlone, strings.Join(below, "; "))
}

const notes = `- The client is this benchmark: one thread on a packet ring, which never sleeps
  and looks at no data.
- vblade is as it comes, with as many buffers as Spur has. Neither waits for the
  disk when it writes. Spur flushes what was written by itself, every 64 MiB and
  every 5 s at the latest, and vblade never does, so that on a disk (-dir) a
  file that is written without end is as fast as the disk where Spur serves it;
  in memory that makes no difference.
- "cores" is how many cores the server kept busy.
`
