package loader

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// grubMagic begins the section of a GRUB's image in which its modules are (GRUB,
// include/grub/kernel.h).
const grubMagic = "mimg"

// The kinds of modules that are read. The content of a module follows a header of
// its kind and its size, the header included.
const (
	grubELF      = 0 // a module of code
	grubMemdisk  = 1 // a disk
	grubPrefix   = 3
	moduleHeader = 8
	modulesMost  = 1024
)

func isGRUB(im *image) bool {
	return bytes.HasPrefix(im.section("mods"), []byte(grubMagic))
}

// tellGRUB takes the version out of the module normal, and of all modules what they
// can do.
func tellGRUB(im *image) error {
	mods := im.section("mods")
	im.id.Version = grubVersion(mods)
	if im.id.Version == "" {
		_ = versionBySBAT(im)
	}
	if bytes.Contains(im.content, []byte("unsupported uefi http status code")) {
		// Its network driver speaks HTTP through the firmware, which is the network that
		// HTTP Boot leaves: in GRUB from 2.12 on, and in what distributions add to older
		// ones.
		im.id.Features |= boot.CanAfterHTTPBoot
	}
	if bytes.Contains(im.content, []byte("setting values from proxy offer")) {
		// The debugging text of what Red Hat has added to grub_efi_net_config_real, and
		// Debian has from 2.12 on.
		im.id.Features |= boot.CanProxyDHCP
	}
	return tellModules(&im.id, mods, im.file.Wide)
}

// grubVersion is what a GRUB calls itself, which its module normal says.
func grubVersion(mods []byte) string {
	return match(`\x00(2\.\d\d(?:[-+~][-+.~0-9A-Za-z]{0,60})?)\x00`, mods)
}

// tellModules takes out of a GRUB's modules what they can do and where it looks for its
// configuration.
func tellModules(id *route.Identity, mods []byte, wide bool) error {
	full := false
	err := eachModule(mods, wide, func(kind uint32, content []byte) {
		switch kind {
		case grubMemdisk:
			full = true
		case grubPrefix:
			prefix, _, _ := bytes.Cut(content, []byte{0})
			id.Prefix = string(prefix)
		case grubELF:
			id.Features |= grubFeature(id.Firmware, moduleName(content))
		}
	})
	if full {
		id.Features &^= boot.CanMemdisk // it reads the first that it finds
	}
	return err
}

// eachModule goes through the modules of an image. The header has three words, on
// 64-bit processors of eight bytes: the magic number, where the modules begin, and
// the size of it all.
func eachModule(mods []byte, wide bool, do func(kind uint32, content []byte)) error {
	damaged := errors.New("it is a GRUB whose modules are damaged")
	if len(mods) < 24 {
		return damaged
	}
	at, size := uint64(binary.LittleEndian.Uint32(mods[4:])), uint64(binary.LittleEndian.Uint32(mods[8:]))
	if wide {
		at, size = binary.LittleEndian.Uint64(mods[8:]), binary.LittleEndian.Uint64(mods[16:])
	}
	if size > uint64(len(mods)) || at > size {
		return damaged
	}
	mods = mods[at:size]
	for n := 0; len(mods) >= moduleHeader; n++ {
		length := binary.LittleEndian.Uint32(mods[4:])
		if length < moduleHeader || uint64(length) > uint64(len(mods)) || n == modulesMost {
			return damaged
		}
		do(binary.LittleEndian.Uint32(mods), mods[moduleHeader:length])
		mods = mods[length:]
	}
	return nil
}

// moduleName is what a module of code calls itself; empty where it can't be read.
func moduleName(code []byte) string {
	f, err := elf.NewFile(bytes.NewReader(code))
	if err != nil {
		return ""
	}
	s := f.Section(".modname")
	if s == nil || s.Size > 64 {
		return ""
	}
	name, err := s.Data()
	if err != nil {
		return ""
	}
	name, _, _ = bytes.Cut(name, []byte{0})
	return string(name)
}

// grubFeature is what a GRUB can do for having a module. What it chains to on a BIOS is
// another boot sector.
func grubFeature(firmware boot.Firmware, module string) boot.Features {
	switch module {
	case "http":
		return boot.CanHTTP
	case "tftp":
		return boot.CanTFTP
	case "chain":
		if firmware == boot.BIOS {
			return 0
		}
		return boot.CanEFI
	case "linux", "linuxefi":
		return boot.CanBzImage
	case "multiboot":
		return boot.CanMultiboot
	case "multiboot2":
		return boot.CanMultiboot2
	case "memdisk":
		if firmware == boot.UEFI {
			return boot.CanMemdisk
		}
	}
	return 0
}
