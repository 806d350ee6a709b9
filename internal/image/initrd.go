package image

import (
	"errors"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/cpio"
)

// Initrd is what an initrd turned out to be.
type Initrd struct {
	// Description says what it is, for people.
	Description string
	// Warning says what is wrong with it; empty when nothing is. The kernel
	// decides in the end, so an initrd with a warning is still worth a try.
	Warning string
	// Extent is how large it is.
	Extent boot.Extent
}

const nameInitrd = "name the initrd that belongs to the kernel, which comes first"

// adviseInitrd is what to do about a file in the place of an initrd.
func adviseInitrd(m *Mismatch) string {
	if m.Looks == emptyFile || strings.HasPrefix(m.Looks, "a web page") {
		return m.Hint
	}
	return nameInitrd
}

// LookInitrd says what an initrd is. size is the length of the whole in bytes,
// or negative where that is not known. The only
// errors are those of reading.
func LookInitrd(r io.ReaderAt, size int64) (Initrd, error) {
	h, err := readHead(r, size)
	if err != nil {
		return Initrd{}, err
	}
	if !cpio.Is(h) {
		found := judgeInitrd(h, size)
		found.Extent = initrdExtent(r, 0, size)
		return found, nil
	}
	end, early, err := walkEarly(r)
	if err != nil || !early {
		return Initrd{Description: "initrd (cpio archive)", Extent: initrdExtent(r, 0, size)}, err
	}
	return lookBehind(r, end, size)
}

// judgeInitrd judges an initrd by its head, which is no cpio archive.
func judgeInitrd(h head, size int64) Initrd {
	for _, format := range []struct{ magic, name string }{
		{gzipMagic, "gzip"}, {"\xfd7zXZ\x00", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x02\x21\x4c\x18", "lz4"},
		{"\x5d\x00\x00", "lzma"}, {"BZh", "bzip2"}, {"\x89LZO\x00", "lzo"},
	} {
		if h.has(0, format.magic) {
			return judgeCompressed(h, format.name)
		}
	}
	if h.has(0x438, "\x53\xef") {
		return Initrd{Description: "initrd (ext2 file system)"}
	}
	if h.has(0, "\x04\x22\x4d\x18") {
		return Initrd{Description: "file compressed with lz4", Warning: "the kernel reads lz4 in its legacy format only; compress it with lz4 -l"}
	}
	found, err := identify(h, size)
	if err == nil {
		return Initrd{Description: found.Description, Warning: "this is " + found.WithArticle() + ", not an initrd; " + nameInitrd}
	}
	var m *Mismatch
	if errors.As(err, &m) {
		return Initrd{Description: "file of another kind", Warning: "this is " + m.Looks + ", which the kernel hardly takes as an initrd; " + adviseInitrd(m)}
	}
	return Initrd{Description: "file of another kind", Warning: err.Error()}
}

// judgeCompressed looks for a kernel where an initrd should be.
func judgeCompressed(h head, name string) Initrd {
	if name == "gzip" {
		if found, err := identifyGzip(h); err == nil {
			return Initrd{Description: found.Description, Warning: "this is " + found.WithArticle() + ", not an initrd; " + nameInitrd}
		}
	}
	return Initrd{Description: "initrd (" + name + ")"}
}
