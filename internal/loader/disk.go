package loader

import (
	"fmt"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// memdiskArguments are what MEMDISK is told of a disk (Syslinux, doc/memdisk.txt). It takes
// one of a size that floppy disks have for one, and anything else for a hard disk. Memory
// above 1 MiB it reaches by the BIOS, since DOS may have a manager of it; what boots from
// CDs has none, and there it is done without, as some BIOSes need it.
func memdiskArguments(d boot.Disk) []string {
	g := d.Geometry
	switch d.Layout {
	case boot.LayoutISO:
		return []string{"iso", "raw"}
	case boot.LayoutFloppy:
		return []string{"floppy", fmt.Sprintf("c=%d", g.Cylinders), fmt.Sprintf("h=%d", g.Heads), fmt.Sprintf("s=%d", g.Sectors)}
	}
	return []string{"harddisk"}
}

// diskScript boots a disk: on a BIOS by MEMDISK, which has it in the machine's memory, and
// where that fails, or on UEFI, as one that iPXE reads over HTTP. What then boots finds
// no disk any more once it is past the firmware's.
func diskScript(c boot.Client, p boot.Payload, d boot.Disk, urls URLs) string {
	san := ""
	if urls.Disk != "" {
		san = "sanboot " + sanDrive(c, d) + urls.Disk
	}
	switch {
	case urls.Memdisk != "":
		urls.Initrds = []string{urls.Kernel}
		memdisk, before := tellingMemory(urls.Memdisk)
		return retried(c, p, before, san, "kernel --name memdisk "+memdisk+" "+strings.Join(memdiskArguments(d), " "), urls)
	case san != "":
		return retried(c, p, nil, "", san, urls)
	}
	return TroubleScript(c, fmt.Errorf("iPXE cannot bring %s", p.Title()), false)
}

// sanDrive has a BIOS see a floppy disk as the drive from which floppy disks boot.
func sanDrive(c boot.Client, d boot.Disk) string {
	if c.Firmware == boot.BIOS && d.Layout == boot.LayoutFloppy {
		return "--drive 0 "
	}
	return ""
}

// memdiskConfig is the configuration by which PXELINUX boots a disk by MEMDISK.
func memdiskConfig(c boot.Client, p boot.Payload, d boot.Disk, urls URLs) string {
	if urls.Memdisk == "" {
		return TroublePXELINUXConfig(c, fmt.Errorf("PXELINUX cannot bring %s", p.Title()), false)
	}
	return pxelinuxBoots(c, p, "LINUX "+pxelinuxFile(urls.Memdisk)+"\nINITRD "+pxelinuxFile(urls.Kernel)+"\nAPPEND "+strings.Join(memdiskArguments(d), " ")+"\n")
}

// grubLoadsMemdisk are the commands by which GRUB boots a disk by MEMDISK.
func grubLoadsMemdisk(d boot.Disk, urls URLs) []string {
	urls.Kernel, urls.Initrds = urls.Memdisk, []string{urls.Kernel}
	return grubLoads(urls, memdiskArguments(d), "16")
}

// grubFollows are the commands by which GRUB follows the configuration on the disk that it
// has in it. Relative to prefix configurations find what goes with them.
func grubFollows(on boot.GRUBConfig) []string {
	device := "memdisk"
	if on.Partition != "" {
		device += "," + on.Partition
	}
	return []string{
		grubCommand("set", "root="+device), grubCommand("set", "prefix=("+device+")"+path.Dir(on.Path)), grubCommand("configfile", "("+device+")"+on.Path),
	}
}
