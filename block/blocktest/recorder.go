package blocktest

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/spurboot/spur/block"
)

// Recorder is a block.SparseFile and block.DurableWriter in memory that
// remembers every change, so that Crash can tell what a loss of power might
// have left. What a Sync covers is durable, and so is a WriteDurable.
type Recorder struct {
	// Before, if set, is called before each change is made, with its index in
	// the record; an error fails the change, of which nothing is then done.
	// A sync is a change as well. Set it while nobody uses the file.
	Before func(c Change) error

	mu    sync.Mutex
	start []byte // what the file was when recording began
	now   []byte
	log   []change

	// base is start with all changes before baseAt, as far as Crash got.
	base   []byte
	baseAt int
}

// Kind is what a Change does.
type Kind int

// The kinds of changes.
const (
	Write Kind = iota
	WriteDurable
	PunchHole
	ZeroRange
	Truncate
	Sync
)

// Change says what is about to be done to a file; Offset of a Truncate is the
// new length.
type Change struct {
	Index          int
	Kind           Kind
	Offset, Length int64
}

type change struct {
	Change
	data []byte // of a write
	size int64  // of the file afterwards
}

// NewRecorder returns a file that holds a copy of content, which is durable.
func NewRecorder(content []byte) *Recorder {
	return &Recorder{start: bytes.Clone(content), now: bytes.Clone(content), base: bytes.Clone(content)}
}

// Len is how many changes were recorded. What a test flushed when Len was n is
// in every file that Crash makes with n and more.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.log)
}

// Bytes is a copy of the file as it reads now.
func (r *Recorder) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.now)
}

// ReadAt implements io.ReaderAt.
func (r *Recorder) ReadAt(p []byte, off int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if off < 0 {
		return 0, fmt.Errorf("read at %d: %w", off, block.ErrOutOfRange)
	}
	if off >= int64(len(r.now)) {
		return 0, io.EOF
	}
	n := copy(p, r.now[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (r *Recorder) WriteAt(p []byte, off int64) (int, error) {
	return r.write(Write, p, off)
}

// WriteDurable implements block.DurableWriter.
func (r *Recorder) WriteDurable(p []byte, off int64) (int, error) {
	return r.write(WriteDurable, p, off)
}

func (r *Recorder) write(kind Kind, p []byte, off int64) (int, error) {
	if err := r.record(Change{Kind: kind, Offset: off, Length: int64(len(p))}, bytes.Clone(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// PunchHole implements block.SparseFile.
func (r *Recorder) PunchHole(off, n int64) error {
	return r.record(Change{Kind: PunchHole, Offset: off, Length: n}, nil)
}

// ZeroRange implements block.SparseFile.
func (r *Recorder) ZeroRange(off, n int64) error {
	return r.record(Change{Kind: ZeroRange, Offset: off, Length: n}, nil)
}

// Truncate implements block.File.
func (r *Recorder) Truncate(size int64) error {
	return r.record(Change{Kind: Truncate, Offset: size}, nil)
}

// Sync implements block.File.
func (r *Recorder) Sync() error { return r.record(Change{Kind: Sync}, nil) }

// Close implements io.Closer. The record can still be used, and the file too.
func (r *Recorder) Close() error { return nil }

// Size implements block.File.
func (r *Recorder) Size() (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int64(len(r.now)), nil
}

// Next implements block.SparseFile: whole zero pages are holes.
func (r *Recorder) Next(off, n int64) (block.Extent, error) {
	const page = 4096
	r.mu.Lock()
	defer r.mu.Unlock()
	size := int64(len(r.now))
	if err := block.CheckRange(off, n, size); err != nil {
		return block.Extent{}, err
	}
	zero := func(at int64) bool {
		at &^= page - 1
		return allZero(r.now[at:min(size, at+page)])
	}
	first, end := zero(off), off
	for end < off+n && zero(end) == first {
		end = end&^(page-1) + page
	}
	return block.Extent{Offset: off, Length: min(end, off+n) - off, Hole: first, Zero: first}, nil
}

// largest bounds the file, so that a mistaken offset doesn't take the memory.
const largest = 1 << 30

func (r *Recorder) record(c Change, data []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Offset < 0 || c.Length < 0 || c.Offset+c.Length > largest {
		return fmt.Errorf("change of %d bytes at %d: %w", c.Length, c.Offset, block.ErrOutOfRange)
	}
	c.Index = len(r.log)
	if r.Before != nil {
		if err := r.Before(c); err != nil {
			return err
		}
	}
	entry := change{Change: c, data: data, size: c.sizeAfter(int64(len(r.now)))}
	r.log = append(r.log, entry)
	r.now = resize(r.now, entry.size)
	entry.apply(r.now, 0, largest)
	return nil
}

func (c Change) sizeAfter(size int64) int64 {
	switch c.Kind {
	case Truncate:
		return c.Offset
	case Write, WriteDurable:
		if c.Length > 0 {
			return max(size, c.Offset+c.Length)
		}
	}
	return size
}

// apply makes the part of a change that is in [from, to) of image.
func (c change) apply(image []byte, from, to int64) {
	from, to = max(from, c.Offset), min(to, c.Offset+c.Length, int64(len(image)))
	if from >= to {
		return
	}
	if c.data != nil {
		copy(image[from:to], c.data[from-c.Offset:])
		return
	}
	clear(image[from:to])
}

// resize keeps what is beyond the end zero, as files do.
func resize(image []byte, size int64) []byte {
	if size <= int64(len(image)) {
		clear(image[size:])
		return image[:size]
	}
	if size <= int64(cap(image)) {
		return image[:size]
	}
	longer := make([]byte, size, size+size/2)
	copy(longer, image)
	return longer
}

func allZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1])
}
