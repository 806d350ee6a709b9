package tree

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Signing signs EFI applications while they are served. The bytes of a file stay
// where they are: a field of its headers changes and a tail follows. The size of the
// tail is known before it is; the hash that it needs is computed once for each
// content, while the first who reads it gets the bytes before the tail. A nil Signing
// signs nothing.
type Signing struct {
	signer *signeddata.Signer

	mu    sync.Mutex
	known map[contentID]*signature
	order []contentID // as they were first asked for
}

// contentID tells contents apart.
type contentID [sha256.Size]byte

// signature is what is known of the signature of a content.
type signature struct {
	layout *authenticode.Signed // of a hash that is all zeros: sizes are right, the signature isn't

	mu  sync.Mutex
	job *hashing // nil: it has to be done yet
}

// signaturesMost bounds the contents whose tails are kept, of some KiB each.
const signaturesMost = 256

// errAbandoned is that of a job whose reader has gone: others who wait begin anew.
var errAbandoned = errors.New("the one who read the file has gone")

// NewSigning signs with one key.
func NewSigning(signer *signeddata.Signer) *Signing {
	return &Signing{signer: signer, known: map[contentID]*signature{}}
}

// sign is a file with a signature more, or the file as it is where it can't have one:
// it is no EFI application, or nobody could tell when it changes. origin says where it
// comes from. The result closes the file.
func (s *Signing) sign(ctx context.Context, f fs.File, origin string) (fs.File, error) {
	if s == nil {
		return f, nil
	}
	if coming, ok := f.(interface{ WaitSize(func(int64)) error }); ok {
		if err := coming.WaitSize(nil); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if !isApplication(f) {
		return f, nil
	}
	base, ok := f.(*Composite)
	if !ok {
		whole, err := Whole(f)
		if err != nil {
			return f, nil //nolint:nilerr // nobody could tell when it changes
		}
		whole.origin += origin
		base = NewComposite(boot.FileOf(origin).Base(), whole)
	}
	signed, err := s.over(ctx, base)
	if err != nil {
		return f, nil //nolint:nilerr // it has no room for a signature, or a damaged one
	}
	return signed, nil
}

// isApplication tells whether firmware could start a file.
func isApplication(f fs.File) bool {
	r, ok := f.(io.ReaderAt)
	info, err := f.Stat()
	if !ok || err != nil {
		return false
	}
	program, err := pefile.Read(r, info.Size())
	return err == nil && program.Subsystem == pefile.Application
}

// over puts the signed file together: headers in memory, the rest as it is, the tail.
func (s *Signing) over(ctx context.Context, base *Composite) (*Composite, error) {
	g, err := s.signatureOf(base)
	if err != nil {
		return nil, err
	}
	last := g.layout.Patches[len(g.layout.Patches)-1]
	head := make([]byte, last.Offset+int64(len(last.Bytes)))
	if _, err := g.layout.Over(base).ReadAt(head, 0); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &tail{signature: g, signer: s.signer, base: base, ctx: ctx, cancel: cancel}
	from := int64(len(head))
	by := sha256.Sum256(s.signer.Certificate.Raw)
	return NewComposite(base.name, Bytes(head),
		Section{content: remainder{base, from, t}, size: g.layout.Kept - from, mark: base.ETag(), closer: t},
		Section{content: t, size: int64(len(g.layout.Tail)), mark: "signed by " + hex.EncodeToString(by[:])},
	), nil
}

// signatureOf is what is known of a content.
func (s *Signing) signatureOf(base *Composite) (*signature, error) {
	id := base.id()
	s.mu.Lock()
	have := s.known[id]
	s.mu.Unlock()
	if have != nil {
		return have, nil
	}
	layout, err := authenticode.SignDigest(base, base.Size(), make([]byte, sha256.Size), s.signer)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have = s.known[id]; have != nil {
		return have, nil
	}
	if len(s.order) >= signaturesMost {
		delete(s.known, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	made := &signature{layout: layout}
	s.known[id], s.order = made, append(s.order, id)
	return made, nil
}
