package image

import (
	"cmp"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/iso"
)

// takeISO takes a disk for an optical disc, where it is one that can be read.
func (l *diskLook) takeISO() bool {
	disc, err := iso.Open(l.r, l.size)
	if err != nil {
		return false // what can't be read as a disc may be a disk
	}
	l.found.Layout = boot.LayoutISO
	if err := cmp.Or(WholeDisc(l.r, l.size), disc.Whole()); err != nil {
		l.found.Damage = err.Error()
	}
	l.takeISOGRUB(disc)
	for _, b := range disc.Boot() {
		switch {
		case !b.Bootable:
		case b.Platform == iso.EFI:
			l.lookInto(b.Offset, l.size-b.Offset) // how long it is catalogs often don't say
		case b.Platform == iso.BIOS:
			l.found.BIOS = true
		}
	}
	return true
}
