package grubimage

import "slices"

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

// modules are those that are built in: what a configuration of Spur's needs, and what
// fetches it.
func (t Target) modules() []string {
	return slices.Concat([]string{
		"normal", "configfile", "tftp", "http", "linux", "boot", "echo", "sleep", "reboot", "test", "true", "gzio", "minicmd", "chain",
	}, t.extra)
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
