package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/testbed"
)

const head = `| | spur / tgtd | quartiles | spur | tgtd | cores: client | cores: spur | cores: tgtd |
|---|--:|--:|--:|--:|--:|--:|--:|
`

// A row is what each did at a point.
type row struct {
	point      point
	spur, tgtd testbed.Series
}

func (r row) String() string {
	rate := func(s testbed.Series) string {
		if r.point.sequential {
			return fmt.Sprintf("%.0f MB/s", s.Rate()*float64(r.point.size)/1e6)
		}
		return fmt.Sprintf("%.1fk/s", s.Rate()/1e3)
	}
	ratio := r.spur.Over(r.tgtd)
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %s | %.2f | %.2f | %.2f |", r.point.name(), ratio.Median, ratio.Quartiles(),
		rate(r.spur), rate(r.tgtd), r.spur.Client(), r.spur.Server(), r.tgtd.Server())
}

const notes = `- The client is qemu-img bench, by libiscsi, as virtual machines have it: one thread.
- tgtd is as it comes, but that it takes and sends PDUs of the lengths that
  Spur does: its own limit of 8 KiB costs it more.
- "cores" is how many cores the client and the server kept busy. The client's
  start is in its figure.
`
