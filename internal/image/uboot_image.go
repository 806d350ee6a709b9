package image

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// The formats of U-Boot's own.
const (
	UImage = "uImage"
	FIT    = "FIT image"
)

// The header of a legacy image, with numbers of the big end first (U-Boot,
// include/image.h).
const (
	uImageMagic    = "\x27\x05\x19\x56"
	uImageHeader   = 64
	uImageLinux    = 5  // of systems
	uImageKernel   = 2  // of types
	uImageMulti    = 4  // a kernel and what goes with it
	uImageNoLoad   = 14 // a kernel that runs where it was loaded to
	uImageNameFrom = 32
)

// uImage recognises a kernel in a legacy image of U-Boot's.
func uImage(h head) (Found, bool) {
	kind := h.u8(30)
	if !h.has(0, uImageMagic) || len(h) < uImageHeader || !h.uImageSum() || h.u8(28) != uImageLinux {
		return Found{}, false
	}
	if kind != uImageKernel && kind != uImageMulti && kind != uImageNoLoad {
		return Found{}, false
	}
	name, _, _ := strings.Cut(h.text(uImageNameFrom, uImageHeader-uImageNameFrom), " ")
	return Found{Kind: boot.KindLinux, Format: UImage, Arch: uImageArch(h.u8(29)), Version: strings.TrimPrefix(name, "Linux-")}, true
}

// uImageSum tells whether the header has the checksum that it says.
func (h head) uImageSum() bool {
	header := append(head{}, h[:uImageHeader]...)
	clear(header[4:8])
	return crc32.ChecksumIEEE(header) == binary.BigEndian.Uint32(h[4:])
}

// uImageArch is what an architecture's number stands for; empty for what boots by no
// network here.
func uImageArch(n uint8) boot.Arch {
	switch n {
	case 2:
		return boot.ARM
	case 3:
		return boot.X86
	case 22:
		return boot.ARM64
	case 24:
		return boot.X64
	case 26:
		return boot.RISCV64
	}
	return ""
}

// uImageSize is the size of a whole legacy image.
func uImageSize(h head) int64 { return uImageHeader + int64(binary.BigEndian.Uint32(h[12:])) }

// What a flattened device tree is made of (Devicetree Specification 0.4, section 5).
const (
	fdtMagic     = "\xd0\x0d\xfe\xed"
	fdtHeader    = 40
	fdtBeginNode = 1
	fdtEndNode   = 2
	fdtProp      = 3
	fdtNop       = 4
)

// fitImage recognises a FIT image: a device tree with a node images below its root
// (U-Boot, doc/usage/fit/source_file_format.rst). What it is for stands behind the
// images themselves.
func fitImage(h head) (Found, bool) {
	if !h.has(0, fdtMagic) || len(h) < fdtHeader || !h.hasImages() {
		return Found{}, false
	}
	return Found{Kind: boot.KindLinux, Format: FIT}, true
}

// hasImages walks the tokens of a device tree to the first node below the root that is
// called images, as far as the head goes.
func (h head) hasImages() bool {
	depth := 0
	for at := int(h.be32(8)); at >= fdtHeader && at+4 <= len(h); {
		token := h.be32(at)
		at += 4
		switch token {
		case fdtBeginNode:
			if depth == 1 && h.has(at, "images\x00") {
				return true
			}
			for at < len(h) && h[at] != 0 {
				at++
			}
			at, depth = (at+4)&^3, depth+1
		case fdtEndNode:
			depth--
		case fdtProp:
			at += 8 + int(min(h.be32(at), 1<<30)+3)&^3
		case fdtNop:
		default:
			return false
		}
	}
	return false
}

// fitSize is the size of the tree, which of a FIT image with data outside of it is the
// beginning.
func fitSize(h head) int64 { return int64(h.be32(4)) }

func (h head) be32(at int) uint32 {
	if at < 0 || at > len(h)-4 {
		return 0
	}
	return binary.BigEndian.Uint32(h[at:])
}
