package image

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/spurboot/spur/internal/boot"
)

const gzipMagic = "\x1f\x8b"

// identifyGzip looks at what a gzip file begins with. Boards and distributions
// for arm64 and RISC-V ship their Image that way, and Xen comes like that; no loader
// takes a compressed x86 kernel of Linux.
func identifyGzip(h head) (Found, error) {
	inside := gunzip(h)
	found, ok := recognise(inside)
	switch {
	case !ok:
		return Found{}, mismatchInside(inside)
	case found.Kind != boot.KindMultiboot && (found.Kind != boot.KindLinux || found.Format != Image):
		return Found{}, &Mismatch{Looks: "a compressed " + found.Description, Hint: "unpack it with gunzip"}
	}
	// What firmware can't start as it is, a loader or Spur unpacks.
	found.Signed = found.EFIStub && inside.peSigned()
	found.Compression = "gzip"
	found.Description = describe(found)
	if found.Kind == boot.KindMultiboot {
		return inside.placed(found, -1)
	}
	return found, nil
}

// gunzip unpacks as much of the head as there is, up to headSize. What is
// damaged ends early.
func gunzip(h head) head {
	z, err := gzip.NewReader(bytes.NewReader(h))
	if err != nil {
		return nil
	}
	inside := make(head, headSize)
	n, err := io.ReadFull(z, inside)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		// Deflate delivers good bytes before a bad block; they are as good a
		// clue as any.
		return inside[:n]
	}
	return inside[:n]
}
