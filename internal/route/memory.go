package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// NeedsTold is how much memory every machine has that boots at all: what needs less need
// not be told.
const NeedsTold = 128 << 20

// Needs is about how much memory a machine needs for a payload that comes on this route,
// in bytes; 0 where that is not known, or next to nothing.
func (r Route) Needs(c boot.Client, p boot.Payload) int64 { return needs(r.Form, c, p) }

// NeedsMost is what a payload needs on the machines and on the routes on which that is
// most, but for GRUB with a disk in it, which comes after all others.
func NeedsMost(p boot.Payload) (most int64) {
	for _, firmware := range []boot.Firmware{boot.BIOS, boot.UEFI} {
		for _, row := range Forms() {
			if row.Form == GRUBMemdiskForm {
				continue
			}
			most = max(most, needs(row.Form, boot.Client{Firmware: firmware}, p))
		}
	}
	return most
}

// needs is what a payload needs in a form.
func needs(f Form, c boot.Client, p boot.Payload) int64 {
	rows := Forms()
	i := slices.IndexFunc(rows, func(row FormRow) bool { return row.Form == f && row.Kind == p.Kind() })
	if i < 0 || rows[i].Needs == nil {
		return 0
	}
	return rows[i].Needs(c, p)
}

// kernelNeeds is what a kernel needs whose loader has each file once. UEFI firmware hands
// the kernel's EFI stub copies of the initrds (efi_load_initrd in
// drivers/firmware/efi/libstub/efi-stub-helper.c).
func kernelNeeds(c boot.Client, p boot.Payload) int64 {
	copies := int64(1)
	if c.Firmware == boot.UEFI {
		copies = 2
	}
	return linuxNeeds(p, copies)
}

// ukiNeeds is what a kernel needs that is one EFI application with its initrds: the
// firmware has the file and what it has loaded of it, and the EFI stub a copy.
func ukiNeeds(_ boot.Client, p boot.Payload) int64 { return linuxNeeds(p, 3) }

// linuxNeeds is the most that a kernel needs at any time: while it is loaded, when it
// unpacks its initrds, and when the system runs that it is for.
func linuxNeeds(p boot.Payload, copies int64) int64 {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return 0
	}
	room := linux.Room
	if !room.Known {
		return room.System
	}
	if linux.Abilities.Compression != "" { // Spur unpacks it
		room.Kernel.Fetched = max(room.Kernel.Fetched, room.Kernel.Unpacked)
	}
	unpacked := room.Initrds.Unpacked
	if halved(linux.Cmdline) {
		unpacked *= 2
	}
	unpacking := room.Kernel.Unpacked + room.Initrds.Fetched + unpacked
	return max(copies*room.Fetched(), unpacking, room.System)
}

// halved tells whether a kernel unpacks its initrds into a file system that takes half of
// the memory at most: a tmpfs, which it is unless the command line names another root
// (init_rootfs in init/do_mounts.c, shmem_default_max_blocks in mm/shmem.c).
func halved(cmdline boot.Template) bool {
	for _, word := range strings.Fields(cmdline.Expand(func(boot.File) string { return "" }, "")) {
		kind, is := strings.CutPrefix(word, "rootfstype=")
		if strings.HasPrefix(word, "root=") || is && !strings.Contains(kind, "tmpfs") {
			return false
		}
	}
	return true
}

// diskNeeds is what a machine needs that has a disk in its memory: the disk, and what
// every machine has, in which firmware and what is started from the disk have their place.
// What a small one needs need not be told.
func diskNeeds(_ boot.Client, p boot.Payload) int64 {
	disk, _ := p.Content.(boot.Disk)
	if disk.Bytes < NeedsTold {
		return disk.Bytes
	}
	return disk.Bytes + NeedsTold
}

// multibootNeeds is what kernel and modules need as they are loaded.
func multibootNeeds(_ boot.Client, p boot.Payload) int64 {
	kernel, _ := p.Content.(boot.Multiboot)
	return kernel.Bytes
}

// initrdMost is the size of initrds that loaders can tell a kernel of, and biosInitrdMost
// what a kernel that a BIOS has started unpacks, with what comes of it: both lie below
// 4 GiB, and so do firmware and kernel.
const (
	initrdMost     = 4 << 30
	biosInitrdMost = 3 << 30
)

// BeyondMemory says what is in the way of a payload that is too large on any machine, or
// on those with a BIOS; empty for nothing.
func BeyondMemory(p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	initrds := linux.Room.Initrds
	switch {
	case !ok || !linux.Room.Known:
		return ""
	case initrds.Fetched >= initrdMost:
		return fmt.Sprintf("the initrds of %s have %d MiB, and a kernel unpacks less than 4 GiB", p.Title(), initrds.Fetched>>20)
	case initrds.Fetched+initrds.Unpacked > biosInitrdMost:
		return fmt.Sprintf("the initrds of %s have about %d MiB with what is unpacked of them; kernels that a BIOS has started often stop at more than 3 GiB", p.Title(), (initrds.Fetched+initrds.Unpacked)>>20)
	}
	return ""
}
