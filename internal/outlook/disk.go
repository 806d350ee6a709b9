package outlook

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// archesOfDisk are the architectures of machines that a disk may be for. What a GRUB's
// configuration starts doesn't show; there they are those of which Spur makes a GRUB.
func archesOfDisk(d boot.Disk) []boot.Arch {
	if !d.BIOS && len(d.EFI) == 0 {
		return []boot.Arch{boot.X64, boot.ARM64, boot.X86}
	}
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
	if len(d.EFI) > 0 || d.BIOS || d.GRUB.Path == "" {
		return warnings
	}
	if why := o.withoutWayTo(p, boot.X64); why != "" {
		warnings = append(warnings, why)
	}
	return warnings
}
