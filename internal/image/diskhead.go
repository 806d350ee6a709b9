package image

import (
	"io"

	"github.com/spurboot/spur/internal/archive"
	"github.com/spurboot/spur/internal/boot"
)

// diskHead recognises the image of a disk by what it begins with, also where it is
// compressed. What boots from it LookDisk finds out.
func diskHead(r io.ReaderAt, size int64, h head) (Found, bool) {
	compressed := ""
	if inside, ok := unpackedHead(r, size, h); ok {
		h, compressed = inside, ", compressed"
	}
	if _, ok := recognise(h); ok || len(h) == 0 {
		return Found{}, false
	}
	_, pe := h.peArch()
	l, ok := looksLike(h)
	if !ok || !l.disk || pe || h.has(0, "\x7fELF") {
		return Found{}, false
	}
	return Found{Kind: boot.KindDisk, Format: DiskImage, Description: l.looks + compressed}, true
}

// unpackedHead is what a compressed file begins with, up to headSize; what is damaged ends
// early.
func unpackedHead(r io.ReaderAt, size int64, h head) (head, bool) {
	if size < 0 {
		size = int64(len(h)) // as much as is known
	}
	unpacked, ok, err := archive.Decompress(r, size)
	if err != nil || !ok {
		return nil, false
	}
	defer unpacked.Close()
	inside := make(head, headSize)
	n, _ := io.ReadFull(unpacked, inside)
	return inside[:n], true
}
