package outlook

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// archesOfDisk are the architectures of machines that a disk may be for.
func archesOfDisk(d boot.Disk) []boot.Arch {
	var all []boot.Arch
	for _, p := range d.EFI {
		all = append(all, p.Arch)
	}
	if d.BIOS && !slices.Contains(all, boot.X64) {
		all = append(all, boot.X64)
	}
	return all
}

// withoutWayToDisk says of the architectures for which a disk has a program why their
// UEFI machines can't be booted, in one line each.
func (o Outlook) withoutWayToDisk(d boot.Disk, p boot.Payload) (warnings []string) {
	for _, program := range d.EFI {
		if why := o.withoutWayTo(p, program.Arch); why != "" {
			warnings = append(warnings, why)
		}
	}
	return warnings
}
