package grubimage

import (
	"os"
	"path/filepath"
	"slices"
)

// Target is one line of the table of images.
type Target struct {
	Format string // what grub-mkimage calls it
	Folder string // of its modules, in the folder of all modules
	File   string // its name
	extra  []string
}

// Targets returns the table of images.
func Targets() []Target {
	efi := []string{"efinet", "all_video", "search_fs_file", "fat", "part_gpt", "part_msdos"}
	pc := []string{"multiboot", "multiboot2"}
	return []Target{
		{"i386-pc-pxe", "i386-pc", "grub-i386-pc.0", append([]string{"pxe", "linux16", "biosdisk"}, pc...)},
		{"x86_64-efi", "x86_64-efi", "grub-x86_64.efi", slices.Concat(efi, pc)},
		{"i386-efi", "i386-efi", "grub-i386.efi", slices.Concat(efi, pc)},
		{"arm64-efi", "arm64-efi", "grub-arm64.efi", efi},
	}
}

// bios tells whether a BIOS loads the image.
func (t Target) bios() bool { return t.Format == "i386-pc-pxe" }

// modules are those that are built in: what a configuration of Spur's needs, what
// fetches it, and on UEFI, of what a folder has, what the configuration of a disk needs that
// the image is given out with.
func (t Target) modules(folder string) []string {
	all := slices.Concat([]string{
		"normal", "configfile", "tftp", "http", "linux", "boot", "echo", "sleep", "reboot", "test", "true", "gzio", "minicmd", "chain",
	}, t.extra)
	if t.bios() {
		return all
	}
	return append(all, slices.DeleteFunc(forDisks(), func(module string) bool {
		_, err := os.Stat(filepath.Join(folder, module+".mod"))
		return err != nil
	})...)
}

// forDisks are modules for an image that has a disk in it: the disk, file systems, and the
// commands that configurations on disks have. Not every processor and distribution has all.
func forDisks() []string {
	return []string{
		"memdisk", "iso9660", "ext2", "xfs", "btrfs", "udf", "ntfs", "exfat", "loopback", "search", "search_fs_uuid", "search_label",
		"xzio", "regexp", "loadenv", "ls", "cat", "help", "halt", "probe", "serial", "terminal", "gfxterm", "gfxmenu", "font", "png",
	}
}

// early are the commands that an image begins with. GRUB knows only plain commands
// then (grub_load_config in grub-core/kern/main.c). Of the two places the first is
// where the image was, by what the firmware was told, and the second GRUB's own. A
// command returns only where it finds none.
const early = `configfile $cmdpath/grub.cfg
configfile $prefix/grub.cfg
echo "Spur: GRUB found no configuration, neither in $cmdpath nor in $prefix."
echo "Spur: this machine restarts in 30 seconds."
sleep 30
reboot
`
