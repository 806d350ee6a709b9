package answer

import (
	"context"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// A late offer waits for lateBy at least, and for lateMost at most while the DHCP
// server's is not heard: one that pings an address first takes a second or three.
// The shortest wait of a ROM is 4 s (PXE 2.1 section 2.2.3).
const (
	lateBy   = time.Second
	lateMost = 3500 * time.Millisecond
	lateLook = 100 * time.Millisecond // between two looks at what was heard
)

// late waits until a late offer is due, and tells whether that came before ctx
// ended. It is false too where there is no place to wait: the machine asks again.
func (o *Offers) late(ctx context.Context, mac boot.MAC, s *slot) bool {
	due := false
	if !s.wait(func() { due = o.awaitLate(ctx, mac) }) {
		o.dropped.Add(1)
		return false
	}
	return due
}

func (o *Offers) awaitLate(ctx context.Context, mac boot.MAC) bool {
	for waited := time.Duration(0); waited < lateBy || waited < lateMost && !o.Events.OfferedElsewhere(mac); waited += lateLook {
		if !pause(ctx, lateLook) {
			return false
		}
	}
	return true
}

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
			route.BootServer: pxe.BootServer, route.InOffer: pxe.InOffer, route.Menu: pxe.MenuDiscovery,
		}[s.Discovery],
		FieldOnly: s.File == route.FieldOnly,
		Padded:    s.File == route.Padded,
	}
}
