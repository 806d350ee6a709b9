package route

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// MemdiskFile is MEMDISK (package Syslinux), which loaders start as a Linux kernel with a
// disk as its initrd, and which a BIOS then reads the disk from.
const MemdiskFile = "memdisk"

// RAMDiskProgram is the name under which Spur's RAM-disk program is given out, and
// RAMDiskConfig what it is told by (loader/ramdisk).
const (
	RAMDiskProgram = "ramdisk.efi"
	RAMDiskConfig  = "ramdisk.cfg"
)

// memdiskMost is how large a disk can be for MEMDISK: it and the memory of the machine's
// that is left are below 4 GiB.
const memdiskMost = 3 << 30

// unfitMemdisk says why a machine can't boot a disk by MEMDISK, or "".
func unfitMemdisk(c boot.Client, p boot.Payload, _ Host) string {
	disk, ok := p.Content.(boot.Disk)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no disk", p.Title())
	case c.Firmware != boot.BIOS:
		return "MEMDISK is for a BIOS alone"
	case !disk.BIOS:
		return noBIOSBoot(disk)
	case disk.Bytes > memdiskMost:
		return fmt.Sprintf("%s has %d MiB, and MEMDISK takes disks of less than 3 GiB, which the machine must have as memory", p.Title(), disk.Bytes>>20)
	}
	return ""
}

// unfitSAN says why iPXE can't boot a disk that it reads over the network, or "".
func unfitSAN(c boot.Client, p boot.Payload, host Host) string {
	disk, ok := p.Content.(boot.Disk)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no disk", p.Title())
	case c.Firmware == boot.BIOS && !disk.BIOS:
		return noBIOSBoot(disk)
	case host.WithoutHTTP:
		return "iPXE reads a disk over plain HTTP, which Spur doesn't serve, by --http-port 0"
	case c.Loader == boot.IPXE && !c.Features.Has(boot.CanHTTP):
		return "iPXE reads a disk over HTTP alone, which this one says that it lacks"
	case c.Firmware == boot.UEFI:
		return noProgram(c, disk)
	}
	return ""
}

// unfitRAMDisk says why UEFI firmware can't boot a disk that it has in its memory, or "".
func unfitRAMDisk(c boot.Client, p boot.Payload, _ Host) string {
	disk, ok := p.Content.(boot.Disk)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no disk", p.Title())
	case c.Firmware != boot.UEFI:
		return "only UEFI firmware has RAM disks"
	case disk.Bytes > memdiskMost && (c.Arch == boot.X86 || c.Arch == boot.ARM):
		return fmt.Sprintf("%s has %d MiB, and firmware of 32 bits has less than 4 GiB of memory for it and for itself", p.Title(), disk.Bytes>>20)
	}
	return noProgram(c, disk)
}

// unfitHTTPBoot says why firmware itself can't make a RAM disk of a disk, or "".
func unfitHTTPBoot(c boot.Client, p boot.Payload, host Host) string {
	if why := unfitRAMDisk(c, p, host); why != "" {
		return why
	}
	return notByHTTPBoot(c)
}

// notByHTTPBoot says that a machine isn't booting in the way by which its firmware makes RAM
// disks, or "".
func notByHTTPBoot(c boot.Client) string {
	if c.Proto != boot.HTTP {
		return "firmware makes a RAM disk only of what it fetches by HTTP Boot"
	}
	return ""
}

func noBIOSBoot(d boot.Disk) string {
	if len(d.EFI) > 0 {
		return fmt.Sprintf("%s boots on UEFI alone: it has no boot sector that boots anything on a BIOS", d.Title())
	}
	return fmt.Sprintf("%s has no boot sector that boots anything", d.Title())
}

// noProgram says why firmware finds nothing on a disk that it starts, or "".
func noProgram(c boot.Client, d boot.Disk) string {
	program, ok := d.Program(c.Arch)
	switch {
	case !ok && len(d.EFI) > 0:
		var has []string
		for _, p := range d.EFI {
			has = append(has, string(p.Arch))
		}
		return fmt.Sprintf("%s has EFI programs for %s, the machine is %s", d.Title(), strings.Join(has, ", "), c.Arch)
	case !ok:
		return fmt.Sprintf("%s has no program for UEFI firmware (EFI/BOOT/BOOT*.EFI in a FAT file system)", d.Title())
	case c.SecureBoot && !program.Signed:
		return fmt.Sprintf("the program for UEFI %s on %s isn't signed, and Secure Boot starts only what is", c.Arch, d.Title())
	}
	return ""
}
