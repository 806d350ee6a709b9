package loader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/ulikunitz/xz/lzma"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/grubimage"
	"github.com/spurboot/spur/internal/route"
)

// Where the parts of a GRUB are that a BIOS ROM loads to 0:7C00: what goes first
// (pxeboot.S) jumps to 0:8200, which is what unpacks the rest. That says at coreSizes how
// large the rest is, packed and unpacked (GRUB, include/grub/offsets.h), and the packed
// rest is the end of the file.
const (
	coreStart = 0x600
	coreSizes = coreStart + 8
)

// What a real one has at most: packed it ends in conventional memory (grub-mkimage's "core
// image is too big"), and code is packed to a third.
const (
	corePackedMost  = 0xa0000 - 0x8200
	coreUnpacksMost = 8 // times as large as packed
)

// A multiboot kernel has a header within so many bytes (Multiboot Specification 0.6.96,
// section 3.1). A GRUB that has one, of before 2.00, iPXE starts by it, and GRUB has no
// network then.
const (
	multibootHeader = "\x02\xb0\xad\x1b"
	multibootWithin = 8192
)

// isGRUBCore tells whether a program for a BIOS that begins so is a GRUB.
func isGRUBCore(head []byte) bool {
	return len(head) > coreSizes+8 && bytes.Contains(head[:coreStart], []byte("\xb2\x7f\xea\x00\x82\x00\x00")) &&
		head[coreStart] == 0xea && bytes.HasPrefix(head[coreStart+2:], []byte{0x82, 0, 0})
}

// tellGRUBCore says what such a GRUB can do. Of one that can't be unpacked it is taken
// to be what every GRUB for the network can.
func tellGRUBCore(id *route.Identity, content []byte) {
	core, err := unpackCore(content)
	if err == nil {
		err = tellCoreModules(id, core)
	}
	if err != nil {
		id.Features |= boot.CanTFTP | boot.CanBzImage
	}
	if bytes.Contains(content[:coreStart], []byte(grubimage.ProxyMark)) {
		id.Features |= boot.CanProxyDHCP
	}
	if !bytes.Contains(content[:min(len(content), multibootWithin)], []byte(multibootHeader)) {
		id.Features |= boot.CanUnderIPXE
	}
}

// unpackCore unpacks the kernel of a GRUB and its modules. GRUB's LZMA has always the
// same properties, and leaves out the header that says so (grub-mkimage, compress_kernel).
func unpackCore(content []byte) ([]byte, error) {
	packed, size := binary.LittleEndian.Uint32(content[coreSizes:]), binary.LittleEndian.Uint32(content[coreSizes+4:])
	switch {
	case int64(packed) > int64(len(content)-coreStart):
		return nil, errors.New("it is a GRUB with parts missing")
	case packed > corePackedMost || size > coreUnpacksMost*packed:
		return nil, errors.New("it is a GRUB larger than any that starts")
	}
	header := binary.LittleEndian.AppendUint64([]byte{0x5d, 0, 0, 1, 0}, uint64(size))
	r, err := lzma.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(content[len(content)-int(packed):])))
	if err != nil {
		return nil, err
	}
	core := make([]byte, size)
	_, err = io.ReadFull(r, core)
	return core, err
}

// tellCoreModules takes out of an unpacked kernel with its modules what it can do. The
// number by which the modules begin is in the kernel's own code too.
func tellCoreModules(id *route.Identity, core []byte) error {
	for at := 0; ; at++ {
		next := bytes.Index(core[at:], []byte(grubMagic))
		if next < 0 {
			return errors.New("it is a GRUB without modules")
		}
		at += next
		if mods := core[at:]; len(mods) >= 12 && binary.LittleEndian.Uint32(mods[4:]) == 12 {
			id.Version = grubVersion(mods)
			return tellModules(id, mods, false)
		}
	}
}
