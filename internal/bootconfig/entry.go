package bootconfig

import (
	"path"
	"strings"
)

// Kind says how an entry is started.
type Kind string

// The kinds of entries.
const (
	Linux     Kind = "linux"     // a kernel by the boot protocol of Linux
	EFI       Kind = "efi"       // an EFI application
	Multiboot Kind = "multiboot" // a multiboot kernel with modules
	Other     Kind = "other"     // a module of the loader, a boot sector, the local disk
)

// Loader is whose language a configuration is written in.
type Loader string

// The loaders.
const (
	Syslinux    Loader = "syslinux" // with ISOLINUX and EXTLINUX
	GRUB        Loader = "grub"
	SystemdBoot Loader = "systemd-boot"
)

// Entry is one system that a medium's menu offers. Paths are those of the medium, without
// a slash at their beginning.
type Entry struct {
	Title   string   // as people read it; of one in a submenu with the submenu's before it
	Kind    Kind     // how it is started
	Kernel  string   // or the EFI application, or the multiboot kernel
	Initrds []string // in their order
	Modules []string // of a multiboot kernel, with their arguments
	Args    string
	Default bool // it is started where nobody chooses
}

// Config is one configuration, with all that it includes.
type Config struct {
	Loader   Loader
	Path     string // the file where it begins
	Entries  []Entry
	Problems []string // what was left out, in words
}

// place is where a loader looks for its configuration.
type place struct {
	loader Loader
	path   string
}

// places are those of media, in the order in which they are read. What a medium is
// started by lies where its El Torito images look: ISOLINUX beside itself and in its
// search list (core/fs/iso9660/iso9660.c: /boot/isolinux, /isolinux, /, likewise
// syslinux), GRUB where its images were built to look, which is what the others are.
func places() []place {
	var all []place
	for _, dir := range []string{"boot/isolinux", "isolinux", "boot/syslinux", "syslinux", "boot/x86_64/loader", "boot/loader", "arch/boot/syslinux", "."} {
		for _, name := range []string{"isolinux.cfg", "syslinux.cfg", "extlinux.conf"} {
			all = append(all, place{Syslinux, path.Join(dir, name)})
		}
	}
	for _, name := range []string{
		"boot/grub/grub.cfg", "boot/grub2/grub.cfg", "grub/grub.cfg", "EFI/BOOT/grub.cfg", "EFI/BOOT/grub/grub.cfg",
		"EFI/debian/grub.cfg", "EFI/ubuntu/grub.cfg", "EFI/fedora/grub.cfg", "boot/grub/loopback.cfg",
	} {
		all = append(all, place{GRUB, name})
	}
	return append(all, place{SystemdBoot, "loader"})
}

// Read finds the configurations of a medium and reads each. A medium without any has an
// empty list.
func Read(medium *Medium) []Config {
	var all []Config
	for _, p := range places() {
		name, ok := medium.Find(p.path)
		if !ok {
			continue
		}
		var c Config
		switch p.loader {
		case Syslinux:
			c = readSyslinux(medium, name)
		case GRUB:
			c = readGRUB(medium, name)
		case SystemdBoot:
			c = readSystemdBoot(medium, name)
		}
		c.Loader, c.Path = p.loader, name
		if len(c.Entries) > 0 || len(c.Problems) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// entriesMost bounds the entries of a configuration.
const entriesMost = 256

// textMost bounds a title or the arguments of an entry, in bytes. Kernels take 2,048 bytes
// on x86 and 4,096 at most elsewhere (COMMAND_LINE_SIZE); a kernel that reads its arguments
// from somewhere else has no use for more either.
const textMost = 8 << 10

// clip bounds a text.
func clip(s string) string {
	if len(s) > textMost {
		s = s[:textMost]
	}
	return strings.ToValidUTF8(s, "?")
}

// add appends an entry, within the bound; a medium's later ones are left out.
func (c *Config) add(e Entry) {
	if len(c.Entries) == entriesMost {
		c.problem("has more than 256 entries; those behind them are left out")
		return
	}
	e.Title, e.Args = clip(e.Title), clip(e.Args)
	c.Entries = append(c.Entries, e)
}

// problemsMost bounds what is told.
const problemsMost = 8

// problem notes what was left out, once.
func (c *Config) problem(what string) {
	for _, p := range c.Problems {
		if p == what {
			return
		}
	}
	if len(c.Problems) < problemsMost {
		c.Problems = append(c.Problems, what)
	}
}
