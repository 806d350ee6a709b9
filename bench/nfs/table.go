package main

import (
	"fmt"

	"github.com/spurboot/spur/bench/testbed"
)

const head = `| | spur / nfs-ganesha | quartiles | spur | nfs-ganesha | cores: client | cores: spur | cores: nfs-ganesha |
|---|--:|--:|--:|--:|--:|--:|--:|
`

// A row is what each did at a point.
type row struct {
	point         point
	spur, ganesha testbed.Series
}

func (r row) String() string {
	ratio := r.spur.Over(r.ganesha)
	return fmt.Sprintf("| %s | **%.2f** | %s | %s | %s | %.2f | %.2f | %.2f |", r.point.name, ratio.Median, ratio.Quartiles(),
		r.point.rate(r.spur), r.point.rate(r.ganesha), r.spur.Client(), r.spur.Server(), r.ganesha.Server())
}

func (p point) rate(s testbed.Series) string {
	if p.unit > 4<<10 {
		return fmt.Sprintf("%.0f MB/s", s.Rate()*float64(p.unit)/1e6)
	}
	return fmt.Sprintf("%.1fk/s", s.Rate()/1e3)
}

const notes = `- The clients are libnfs's: qemu-img bench for the large file, and for the others a
  program that opens, reads and closes one after the other, or lists their folder.
- Spur serves the files of an image (ISO 9660 with Rock Ridge), nfs-ganesha the folder
  that it was made of (FSAL VFS), by NFS version 3 over TCP. Each is started anew for
  each round.
- "cores" is how many cores the client and the server kept busy. The client's start is
  in its figure.
`
