package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// grubMemdiskMost is how large a disk can be that is put into GRUB, whose older versions
// have 1600 MiB for themselves and for it (MAX_HEAP_SIZE in grub-core/kern/efi/mm.c of
// 2.06).
const grubMemdiskMost = 1 << 30

// unfitGRUBMemdisk says why UEFI firmware can't boot a disk by a GRUB with the disk in it,
// or "".
func unfitGRUBMemdisk(c boot.Client, p boot.Payload, _ Host) string {
	disk, ok := p.Content.(boot.Disk)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no disk", p.Title())
	case disk.GRUB.Path == "":
		return fmt.Sprintf("%s has no grub.cfg for a GRUB that has the disk in it (boot/grub/grub.cfg or EFI/*/grub.cfg in a FAT file system or in an ISO image)", p.Title())
	case c.SecureBoot:
		return fmt.Sprintf("a GRUB with %s in it is started without a shim, and then starts no kernel under Secure Boot", p.Title())
	case disk.Bytes > grubMemdiskMost:
		return fmt.Sprintf("%s has %d MiB, and a disk in a GRUB can have 1024 MiB", p.Title(), disk.Bytes>>20)
	}
	return ""
}

// grubMemdiskNeeds is what a machine needs that boots so: the firmware has the file and what
// it has loaded of it, and up to 2.06 GRUB takes a quarter of what is left for its own copy
// (grub_efi_mm_init in grub-core/kern/efi/mm.c).
func grubMemdiskNeeds(_ boot.Client, p boot.Payload) int64 {
	disk, _ := p.Content.(boot.Disk)
	return 6 * disk.Bytes
}
