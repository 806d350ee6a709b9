package authenticode

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// tableAlign is the multiple of bytes at which the certificate table and its
// entries begin (PE/COFF section 5.7).
const tableAlign = 8

// Digest is the SHA-256 hash of a file of that size, which must be a PE file, as
// firmware computes it: without the checksum, the place of the signatures and the
// signatures themselves. All of the file is read once.
func Digest(r io.ReaderAt, size int64) ([]byte, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	return digest(r, f)
}

// SigningDigest is the hash that a signature of the file has. It is [Digest], but of
// a file without signatures whose size is no multiple of 8: zeros make it one before
// it is signed, and count.
func SigningDigest(r io.ReaderAt, size int64) ([]byte, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	return signingDigest(r, f)
}

func signingDigest(r io.ReaderAt, f *pefile.File) ([]byte, error) {
	return digest(zerosAfter{r, f.Size}, padded(f))
}

// padded is a file as it is when it is signed.
func padded(f *pefile.File) *pefile.File {
	if f.Certificates.Size > 0 {
		return f
	}
	p := *f
	p.Size += padding(f.Size)
	return &p
}

// padding is how many zeros bring a size to a multiple of 8.
func padding(size int64) int64 { return -size & (tableAlign - 1) }

// zerosAfter is a file that is followed by zeros.
type zerosAfter struct {
	io.ReaderAt
	size int64
}

func (z zerosAfter) ReadAt(p []byte, off int64) (int, error) {
	inFile := min(max(z.size-off, 0), int64(len(p)))
	clear(p[inFile:])
	if inFile == 0 {
		return len(p), nil
	}
	if n, err := z.ReaderAt.ReadAt(p[:inFile], off); int64(n) < inFile {
		return n, err
	}
	return len(p), nil
}

// digest is the hash of a file.
func digest(r io.ReaderAt, f *pefile.File) ([]byte, error) {
	spans, err := hashed(f)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, s := range spans {
		if err := add(h, r, s); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}

// hashed are the parts of a file that are hashed: the headers, the sections in the
// order of their data and what follows them. What follows is counted as firmware does it, by the sum of sizes
// (edk2, DxeImageVerificationLib, HashPeImage): it begins elsewhere where there are
// gaps between sections.
func hashed(f *pefile.File) ([]pefile.Span, error) {
	end, err := unsignedSize(f)
	if err != nil {
		return nil, err
	}
	sections := slices.DeleteFunc(slices.Clone(f.Sections), func(s pefile.Section) bool { return s.RawSize == 0 })
	slices.SortStableFunc(sections, func(a, b pefile.Section) int { return cmp.Compare(a.RawOffset, b.RawOffset) })
	spans := headerSpans(f)
	counted := int64(f.SizeOfHeaders)
	for _, s := range sections {
		spans = append(spans, s.Raw())
		counted += int64(s.RawSize)
	}
	switch {
	case counted > end:
		return nil, errors.New("its sections overlap each other or its signatures, so it has no hash that could be signed")
	case counted < end:
		spans = append(spans, pefile.Span{Offset: counted, Size: end - counted})
	}
	return spans, nil
}

// headerSpans are the headers without CheckSum and without the entry that says where
// the certificate table is.
func headerSpans(f *pefile.File) []pefile.Span {
	from := f.CheckSumAt() + 4
	spans := []pefile.Span{{Offset: 0, Size: f.CheckSumAt()}}
	if entry, ok := f.CertificateEntryAt(); ok {
		spans = append(spans, pefile.Span{Offset: from, Size: entry - from})
		from = entry + 8
	}
	return append(spans, pefile.Span{Offset: from, Size: int64(f.SizeOfHeaders) - from})
}

// unsignedSize is the size of a file without its certificate table, which must be
// its end: firmware hashes nothing that follows.
func unsignedSize(f *pefile.File) (int64, error) {
	table := f.Certificates
	switch {
	case table.Size == 0:
		return f.Size, nil
	case table.End() != f.Size:
		return 0, fmt.Errorf("it is damaged: %d bytes follow its signatures", f.Size-table.End())
	case table.Offset%tableAlign != 0:
		return 0, fmt.Errorf("it is damaged: its signatures begin at byte %d, which is no multiple of %d", table.Offset, tableAlign)
	}
	return table.Offset, nil
}

// add hashes a part of a file.
func add(h hash.Hash, r io.ReaderAt, s pefile.Span) error {
	n, err := io.Copy(h, io.NewSectionReader(r, s.Offset, s.Size))
	if err != nil {
		return fmt.Errorf("it can't be read: %w", err)
	}
	if n < s.Size {
		return fmt.Errorf("it became shorter while it was read: it ends at byte %d", s.Offset+n)
	}
	return nil
}
