package image

import (
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// initrdGrows is how many times as large an initrd usually is once it is unpacked,
	// and kernelGrows a kernel.
	initrdGrows = 3
	kernelGrows = 4
	// growsMost is how many times as large a file can say that it is unpacked and be
	// believed; Deflate can do no more than 1032.
	growsMost = 1100
	// sampled is how much of a file is looked through that doesn't say how large it is.
	sampled = 1 << 20
)

// kernelExtent is how large a kernel of so many bytes is; a negative size is one that is
// not known. While it runs it takes what its header says: init_size of x86
// (Documentation/arch/x86/boot.rst), image_size of others (arm64/booting.rst).
func kernelExtent(h head, f Found, size int64) boot.Extent {
	if size <= 0 {
		return boot.Extent{}
	}
	e := boot.Extent{Fetched: size}
	switch {
	case f.Format == BzImage && h.u16(headerVersion) >= 0x020a:
		e.Unpacked = int64(h.u32(initSize))
	case f.Format == Image && f.Compression == "":
		e.Unpacked = int64(h.u32(imageSize))
	case f.Format == Image:
		e.Unpacked = int64(gunzip(h).u32(imageSize))
	}
	if e.Unpacked < size/2 {
		e.Unpacked, e.Guessed = kernelGrows*size, true
	}
	return e
}

// initrdExtent is how large an initrd of so many bytes is whose archive, compressed or
// not, begins at an offset, behind others that are not compressed.
func initrdExtent(r io.ReaderAt, at, size int64) boot.Extent {
	if size <= 0 || at > size {
		return boot.Extent{}
	}
	e := boot.Extent{Fetched: size}
	packed := size - at
	unpacked, ok := unpackedSize(r, at, size)
	if !ok || unpacked > growsMost*packed {
		unpacked, e.Guessed = initrdGrows*packed, true
	}
	e.Unpacked = at + unpacked
	return e
}

// unpackedSize is how large what lies from an offset to the end of a file is once it is
// unpacked, if it says so or its beginning shows it; what isn't compressed stays as it is.
func unpackedSize(r io.ReaderAt, at, size int64) (int64, bool) {
	begins := make(head, min(size-at, zstd.HeaderMaxSize))
	if n, err := r.ReadAt(begins, at); n < len(begins) && err != nil {
		return 0, false
	}
	switch {
	case begins.has(0, gzipMagic):
		return gzipUnpacked(r, at, size)
	case begins.has(0, "\xfd7zXZ\x00"):
		return xzUnpacked(r, size)
	case begins.has(0, "\x28\xb5\x2f\xfd"):
		return zstdUnpacked(r, at, size, begins)
	case begins.has(0, "\x02\x21\x4c\x18"):
		return lz4Unpacked(r, at, size)
	case begins.has(0, "\x5d\x00\x00"):
		n := int64(begins.u64(5))
		return n, n > 0 // all bits are set where it isn't told
	case begins.has(0, "BZh"), begins.has(0, "\x89LZO\x00"):
		return 0, false
	}
	return size - at, true
}

// gzipUnpacked reads the trailer of a gzip file, which has the size without what is
// above 32 bits (RFC 1952 section 2.3.1). Of several files in one it is the last one's,
// which is less than all of them take.
func gzipUnpacked(r io.ReaderAt, at, size int64) (int64, bool) {
	trailer := make(head, 4)
	if _, err := r.ReadAt(trailer, max(at, size-4)); err != nil && err != io.EOF {
		return 0, false
	}
	n, packed := int64(trailer.u32(0)), size-at
	for packed > 1<<30 && n < packed {
		n += 1 << 32
	}
	return n, n+n/1000+64 >= packed // what can't be compressed grows by 5 bytes in 64 KiB
}

// xzUnpacked sums up the index at the end of an xz file (xz-file-format.txt, sections 2.1.2
// and 4).
func xzUnpacked(r io.ReaderAt, size int64) (sum int64, ok bool) {
	const footer = 12
	end := make(head, footer)
	if _, err := r.ReadAt(end, max(0, size-footer)); err != nil && err != io.EOF || !end.has(10, "YZ") {
		return 0, false
	}
	length := (int64(end.u32(4)) + 1) * 4
	if length > sampled || length > size-footer {
		return 0, false
	}
	index := make(head, length)
	if _, err := r.ReadAt(index, size-footer-length); err != nil || index.u8(0) != 0 {
		return 0, false
	}
	index = index[1:]
	records, index, ok := xzNumber(index)
	for i := int64(0); ok && i < records; i++ {
		var n int64
		if _, index, ok = xzNumber(index); ok {
			n, index, ok = xzNumber(index)
			sum += n
		}
		ok = ok && sum >= 0 && sum < 1<<50
	}
	return sum, ok
}

// xzNumber reads a number of one to nine bytes, seven bits each, the lowest first.
func xzNumber(h head) (n int64, rest head, ok bool) {
	for i := 0; i < min(len(h), 9); i++ {
		n |= int64(h[i]&0x7f) << (7 * i)
		if h[i]&0x80 == 0 {
			return n, h[i+1:], true
		}
	}
	return 0, nil, false
}

// zstdUnpacked reads the size out of the header of a zstd file. What was compressed in a
// pipe has none there: its first blocks show how much it shrank. A block comes to 128 KiB
// at most, and in all but the last to that (RFC 8878 section 3.1.1.2).
func zstdUnpacked(r io.ReaderAt, at, size int64, begins head) (int64, bool) {
	var header zstd.Header
	if header.Decode(begins) != nil || header.Skippable {
		return 0, false
	}
	if n := int64(header.FrameContentSize); header.HasFCS && n > 0 && n+n/1000+64 >= size-at {
		return n, true
	}
	blocks := make(head, min(sampled, size-at))
	n, _ := r.ReadAt(blocks, at)
	blocks = blocks[min(n, header.HeaderSize):n]
	var packed, unpacked int64
	for len(blocks) >= 4 {
		word := blocks.u32(0) & 0xffffff
		length, whole := int64(word>>3), min(int64(header.WindowSize), 128<<10)
		switch word >> 1 & 3 {
		case 0: // as it is
			whole = length
		case 1: // one byte many times
			length, whole = 1, length
		}
		packed, unpacked = packed+3+length, unpacked+whole
		if word&1 != 0 || length+3 >= int64(len(blocks)) {
			break
		}
		blocks = blocks[3+length:]
	}
	return grown(unpacked, packed, size-at)
}

// lz4Unpacked goes by the first block of a file in lz4's legacy format, of 8 MiB
// (lz4_Frame_format.md).
func lz4Unpacked(r io.ReaderAt, at, size int64) (int64, bool) {
	const whole = 8 << 20
	begins := make(head, 8)
	if n, _ := r.ReadAt(begins, at); n < len(begins) {
		return 0, false
	}
	packed := int64(begins.u32(4))
	if packed+8 >= size-at {
		return 0, false // the only one, which may have less
	}
	return grown(whole, packed, size-at)
}

// grown is how large a file is that is as compressible as its beginning.
func grown(unpacked, packed, size int64) (int64, bool) {
	if packed <= 0 || unpacked <= 0 {
		return 0, false
	}
	return int64(float64(size) / float64(packed) * float64(unpacked)), true
}
