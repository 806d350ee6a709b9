package daemon

import (
	"context"
	"time"

	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// lateBy is how long a late offer waits. DHCP servers that know a machine answer
// within milliseconds; the shortest wait of a ROM is 4 s (PXE 2.1 section 2.2.3).
const lateBy = time.Second

// pause waits, and tells whether the time went by before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// shapeOf is a row of the table of shapes as DHCPv4 writes it.
func shapeOf(s route.Shape) pxe.Shape {
	return pxe.Shape{
		Discovery: map[route.Discovery]pxe.Discovery{
			route.BootServer: pxe.BootServer, route.InOffer: pxe.InOffer, route.Menu: pxe.Menu,
		}[s.Discovery],
		FieldOnly: s.File == route.FieldOnly,
		Padded:    s.File == route.Padded,
	}
}
