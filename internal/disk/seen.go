package disk

import (
	"context"

	"github.com/spurboot/spur/block"
)

// seen is a disk as initiators are to see it: where an image has nothing of its
// own but its backing file has data, there are data. QEMU's NBD client takes a
// hole for zeros, and so may SCSI initiators (SBC-3 section 4.7.4.4).
type seen struct{ *Disk }

// Extents implements block.Device.
func (s seen) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	return s.Disk.Extents(ctx, off, n, func(e block.Extent) bool {
		e.Hole = e.Hole && e.Zero
		return yield(e)
	})
}
