package image

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"math"
)

// xenBanner is how Xen says its version when it starts (xen/drivers/char/console.c). Kernels of its
// guests, among which some are Multiboot kernels too, tell the version with other text behind it.
const xenBanner = "Xen version %d.%d%s ("

// xenLooked is how much of a Multiboot kernel is looked through for that, unpacked. Debian's Xen has
// 2.5 MiB.
const xenLooked = 8 << 20

// isXen tells whether a Multiboot kernel, or a gzip file with one, is Xen. What can't be read, or
// ends early, isn't.
func isXen(r io.ReaderAt, size int64) bool {
	if size < 0 {
		size = math.MaxInt64
	}
	file := bufio.NewReader(io.NewSectionReader(r, 0, size))
	if magic, _ := file.Peek(len(gzipMagic)); string(magic) != gzipMagic {
		return hasText(io.LimitReader(file, xenLooked), xenBanner)
	}
	z, err := gzip.NewReader(file)
	return err == nil && hasText(io.LimitReader(z, xenLooked), xenBanner)
}

// hasText tells whether a text is in what r reads.
func hasText(r io.Reader, text string) bool {
	buffer := make([]byte, 64<<10)
	kept := 0 // bytes of the part before, in which the text may have begun
	for {
		n, err := io.ReadFull(r, buffer[kept:])
		n += kept
		if bytes.Contains(buffer[:n], []byte(text)) {
			return true
		}
		if err != nil {
			return false
		}
		kept = copy(buffer, buffer[n-len(text)+1:n])
	}
}
