package tree

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
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

// hashing is a job that makes the tail of a content. What it found is there once done
// is closed.
type hashing struct {
	done chan struct{}
	tail []byte
	err  error
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

// remainder is a composite from an offset on. Who reads it will want the tail.
type remainder struct {
	*Composite
	from int64
	tail *tail
}

func (r remainder) ReadAt(p []byte, off int64) (int, error) {
	r.tail.start()
	return r.Composite.ReadAt(p, r.from+off)
}

func (r remainder) Backing(off int64) (*os.File, int64, int64, error) {
	r.tail.start()
	return r.Composite.Backing(r.from + off)
}

// tail is the end of a signed file, for one who has it open.
type tail struct {
	*signature
	signer *signeddata.Signer
	base   *Composite
	ctx    context.Context // of whoever reads, and ends with Close
	cancel context.CancelFunc
	mine   *hashing // the job that reads base; guarded by signature.mu
}

// ReadAt waits for the signature.
func (t *tail) ReadAt(p []byte, off int64) (int, error) {
	for {
		job := t.start()
		select {
		case <-job.done:
		case <-t.ctx.Done():
			return 0, context.Cause(t.ctx)
		}
		switch {
		case job.err == nil:
			return readerAt(job.tail).ReadAt(p, off)
		case t.ctx.Err() != nil:
			return 0, context.Cause(t.ctx)
		case !errors.Is(job.err, errAbandoned):
			return 0, job.err
		}
	}
}

// start is the job that makes the tail. It begins where none runs or is done.
func (t *tail) start() *hashing {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job == nil {
		t.job = &hashing{done: make(chan struct{})}
		t.mine = t.job
		go t.run(t.job)
	}
	return t.job
}

// run does a job. One that fails is forgotten: another reader may have more luck.
func (t *tail) run(job *hashing) {
	defer close(job.done)
	job.tail, job.err = t.make()
	if job.err == nil {
		return
	}
	if t.ctx.Err() != nil {
		job.err = errAbandoned
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job = nil
}

// make reads all of the file and signs it.
func (t *tail) make() (bytes []byte, err error) {
	defer func() {
		// On a goroutine of its own a panic would end the process.
		if value := recover(); value != nil {
			err = fmt.Errorf("hashing %s panicked: %v\n%s", t.base.name, value, debug.Stack())
		}
	}()
	file, size := stoppable{t.ctx, t.base}, t.base.Size()
	digest, err := authenticode.SigningDigest(file, size)
	if err != nil {
		return nil, fmt.Errorf("%s can't be signed: %w", t.base.name, err)
	}
	signed, err := authenticode.SignDigest(file, size, digest, t.signer)
	if err != nil {
		return nil, fmt.Errorf("%s can't be signed: %w", t.base.name, err)
	}
	return signed.Tail, nil
}

// Close ends the job that reads the file, and closes it.
func (t *tail) Close() error {
	t.cancel()
	err := t.base.Close()
	t.mu.Lock()
	mine := t.mine
	t.mu.Unlock()
	if mine != nil {
		<-mine.done
	}
	return err
}

// stoppable is a file that can't be read any more once ctx has ended.
type stoppable struct {
	ctx context.Context
	io.ReaderAt
}

func (s stoppable) ReadAt(p []byte, off int64) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.ReaderAt.ReadAt(p, off)
}
