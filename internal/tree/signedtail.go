package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// hashing is a job that makes the tail of a content. What it found is there once done
// is closed.
type hashing struct {
	done chan struct{}
	tail []byte
	err  error
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
