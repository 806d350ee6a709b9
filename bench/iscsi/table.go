package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/testbed"
)

const head = `| | spur / tgtd | quartiles | baseline / tgtd | spur | tgtd | baseline | cores: client | cores: spur | cores: tgtd |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// A row is what each did at a point.
type row struct {
	point                point
	spur, tgtd, baseline testbed.Series
}

func (r row) String() string {
	rate := func(s testbed.Series) string {
		if r.point.sequential {
			return fmt.Sprintf("%.0f MB/s", s.Rate()*float64(r.point.size)/1e6)
		}
		return fmt.Sprintf("%.1fk/s", s.Rate()/1e3)
	}
	ratio := r.spur.Over(r.tgtd)
	return fmt.Sprintf("| %s | **%.2f** | %s | %.2f | %s | %s | %s | %.2f | %.2f | %.2f |", r.point.name(), ratio.Median, ratio.Quartiles(),
		r.baseline.Over(r.tgtd).Median, rate(r.spur), rate(r.tgtd), rate(r.baseline), r.spur.Client(), r.spur.Server(), r.tgtd.Server())
}

const notes = `- The client has one thread. It is this benchmark, which looks at no data, or
  iscsi-perf (libiscsi) where the point says so; iscsi-perf knows no writing.
- tgtd is as it comes, but that it takes and sends PDUs of the lengths that
  Spur does: its own limit of 8 KiB costs it more.
- "baseline" is a server without a disk, which takes and answers all that has come
  by two system calls, and looks at nothing: what the client, and the kernel
  between, leave room for. A ratio must be held against that one.
- "cores" is how many cores the client and the server kept busy.
`
