package raw

import (
	"io"
	"sync"
	"unsafe"

	"github.com/spurboot/spur/block"
)

// aligned makes any read and write fit for O_DIRECT, whose addresses, offsets
// and lengths must be multiples of alignment, which is enough for every disk.
// The size is one too.
type aligned struct {
	*block.OSFile
	// A write of parts of blocks reads them first, so it must be alone.
	mu sync.RWMutex
	// buffers holds *[]byte, aligned, of step and two blocks at most.
	buffers sync.Pool
}

func fits(p []byte, off int64) bool {
	return (uintptr(unsafe.Pointer(unsafe.SliceData(p)))|uintptr(off)|uintptr(len(p)))%alignment == 0
}

// around is the aligned range that holds n bytes from off.
func around(off int64, n int) (start, end int64) {
	return off &^ (alignment - 1), (off + int64(n) + alignment - 1) &^ (alignment - 1)
}

func (a *aligned) buffer(n int64) (p []byte, done func()) {
	kept, _ := a.buffers.Get().(*[]byte)
	if kept == nil || int64(len(*kept)) < n {
		fresh := make([]byte, n+alignment)
		skip := -uintptr(unsafe.Pointer(unsafe.SliceData(fresh))) % alignment
		fresh = fresh[skip:][:n]
		kept = &fresh
	}
	return (*kept)[:n], func() { a.buffers.Put(kept) }
}

// ReadAt implements io.ReaderAt.
func (a *aligned) ReadAt(p []byte, off int64) (int, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if fits(p, off) {
		return a.OSFile.ReadAt(p, off)
	}
	start, end := around(off, len(p))
	buffer, done := a.buffer(end - start)
	defer done()
	n, err := a.OSFile.ReadAt(buffer, start)
	n = copy(p, buffer[min(int64(n), off-start):n])
	if n == len(p) {
		return n, nil
	}
	return n, err
}

// WriteAt implements io.WriterAt.
func (a *aligned) WriteAt(p []byte, off int64) (int, error) {
	return a.write(p, off, a.OSFile.WriteAt)
}

// WriteDurable implements block.DurableWriter.
func (a *aligned) WriteDurable(p []byte, off int64) (int, error) {
	return a.write(p, off, a.OSFile.WriteDurable)
}

func (a *aligned) write(p []byte, off int64, write func(p []byte, off int64) (int, error)) (int, error) {
	defer a.change(off, int64(len(p)))()
	if fits(p, off) {
		return write(p, off)
	}
	start, end := around(off, len(p))
	buffer, done := a.buffer(end - start)
	defer done()
	if err := a.edges(buffer, p, start, off); err != nil {
		return 0, err
	}
	copy(buffer[off-start:], p)
	if _, err := write(buffer, start); err != nil {
		return 0, err
	}
	return len(p), nil
}

// PunchHole implements block.SparseFile.
func (a *aligned) PunchHole(off, n int64) error {
	defer a.change(off, n)()
	return a.OSFile.PunchHole(off, n)
}

// ZeroRange implements block.SparseFile.
func (a *aligned) ZeroRange(off, n int64) error {
	defer a.change(off, n)()
	return a.OSFile.ZeroRange(off, n)
}

// change keeps a change of parts of blocks and a write that reads them from
// undoing each other.
func (a *aligned) change(off, n int64) (done func()) {
	if (off|n)%alignment == 0 {
		a.mu.RLock()
		return a.mu.RUnlock
	}
	a.mu.Lock()
	return a.mu.Unlock
}

// edges reads the first and the last block, of which p has only a part.
func (a *aligned) edges(buffer, p []byte, start, off int64) error {
	last := len(buffer) - alignment
	if off != start || len(p) < alignment {
		if err := a.whole(buffer[:alignment], start); err != nil {
			return err
		}
	}
	if last > 0 && (off+int64(len(p)))%alignment != 0 {
		return a.whole(buffer[last:], start+int64(last))
	}
	return nil
}

func (a *aligned) whole(p []byte, off int64) error {
	n, err := a.OSFile.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if ended := err; ended == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
