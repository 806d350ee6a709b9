package authenticode

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Signed is what becomes of a file when it is signed: its first Kept bytes with some
// patches, and a tail.
type Signed struct {
	Kept    int64
	Patches []Patch // in the order of their offsets
	Tail    []byte  // zeros up to a multiple of 8, and the certificate table
}

// Patch is a run of bytes in the headers that changes.
type Patch struct {
	Offset int64
	Bytes  []byte
}

// Size is the size of the signed file, in bytes.
func (s *Signed) Size() int64 { return s.Kept + int64(len(s.Tail)) }

// Sign signs a file of that size. All of it is read once.
func Sign(r io.ReaderAt, size int64, signer *signeddata.Signer) (*Signed, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	digest, err := signingDigest(r, f)
	if err != nil {
		return nil, err
	}
	return sign(r, f, digest, signer)
}

// SignDigest signs a file whose [SigningDigest] is known. Its headers are read, and
// the signatures that it has, which stay.
func SignDigest(r io.ReaderAt, size int64, digest []byte, signer *signeddata.Signer) (*Signed, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	return sign(r, f, digest, signer)
}

func sign(r io.ReaderAt, f *pefile.File, digest []byte, signer *signeddata.Signer) (*Signed, error) {
	if len(digest) != sha256.Size {
		return nil, fmt.Errorf("a hash of %d bytes can't be signed: SHA-256 has %d", len(digest), sha256.Size)
	}
	entry, ok := f.CertificateEntryAt()
	if !ok {
		return nil, errors.New("it can't be signed: its headers have no place for it")
	}
	kept, err := unsignedSize(f)
	if err != nil {
		return nil, err
	}
	if _, err := hashed(padded(f)); err != nil {
		return nil, err
	}
	table, err := readTable(r, f)
	if err != nil {
		return nil, err
	}
	content, err := contentFor(digest)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Enclose(oidIndirectData(), content)
	if err != nil {
		return nil, err
	}
	table = appendEntry(table, signature)
	at := kept + padding(kept)
	if at+int64(len(table)) > math.MaxUint32 {
		return nil, fmt.Errorf("it can't be signed: with its signature it would have %d bytes, and an EFI binary has less than 4 GiB", at+int64(len(table)))
	}
	place := binary.LittleEndian.AppendUint32(nil, uint32(at))
	return &Signed{
		Kept:    kept,
		Patches: []Patch{{f.CheckSumAt(), make([]byte, 4)}, {entry, binary.LittleEndian.AppendUint32(place, uint32(len(table)))}},
		Tail:    append(make([]byte, padding(kept)), table...),
	}, nil
}

// Over is the signed file, r being the file as it was.
func (s *Signed) Over(r io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(signedFile{s, r}, 0, s.Size())
}

type signedFile struct {
	*Signed
	before io.ReaderAt
}

func (s signedFile) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.Size() {
		return 0, io.EOF
	}
	kept := min(max(s.Kept-off, 0), int64(len(p)))
	if n, err := s.before.ReadAt(p[:kept], off); int64(n) < kept {
		return n, err
	}
	for _, patch := range s.Patches {
		for i, b := range patch.Bytes {
			if at := patch.Offset + int64(i) - off; at >= 0 && at < kept {
				p[at] = b
			}
		}
	}
	n := kept
	if off+kept >= s.Kept {
		n += int64(copy(p[kept:], s.Tail[off+kept-s.Kept:]))
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}
