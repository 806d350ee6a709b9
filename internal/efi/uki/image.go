package uki

import "github.com/spurboot/spur/internal/efi/pefile"

// Part is a section that is added to the stub (UAPI group, "Unified Kernel
// Image", section "UKI Components"): .osrel, .cmdline, .initrd, .linux, .uname,
// .dtb and others.
type Part struct {
	Section  string // its name, of eight bytes at most
	Contents []Content

	// Memory is the section's size in memory if that is more than its contents
	// are, in bytes. For .linux it is the kernel's SizeOfImage; stubs from systemd
	// 257 on can use it.
	Memory int64
}

// Content is some of the bytes of a section. A section has one, only .initrd may
// have several: archives that follow one another, each at a multiple of four
// bytes.
type Content struct {
	Size  int64  // in bytes
	Bytes []byte // if they are in memory; otherwise whoever reads the image has them
}

// Text is a content in memory.
func Text(s string) Content { return Content{int64(len(s)), []byte(s)} }

// Image is the layout of a unified kernel image: pieces that follow one another
// without gaps, from the first byte of the file to the last.
type Image struct {
	Size   int64
	Pieces []Piece
}

// Piece is a run of bytes of an image.
type Piece struct {
	Kind   Kind
	Offset int64 // in the image
	Size   int64
	Bytes  []byte // of Memory

	// Of External: which content of which part.
	Part, Content int
}

// Kind says where the bytes of a piece come from.
type Kind int

// The kinds of pieces.
const (
	Memory   Kind = iota // Piece.Bytes
	External             // a content that isn't in memory; each has one piece, also one of no bytes
	Zeros
)

// add appends a piece. Memory and zeros of no bytes are left out.
func (im *Image) add(p Piece) {
	if p.Size == 0 && p.Kind != External {
		return
	}
	p.Offset = im.Size
	im.Pieces = append(im.Pieces, p)
	im.Size += p.Size
}

// align appends zeros up to a multiple of n.
func (im *Image) align(n int64) {
	im.add(Piece{Kind: Zeros, Size: pefile.RoundUp(im.Size, n) - im.Size})
}
