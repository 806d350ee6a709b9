package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"sync"
	"time"
)

// aheadDistance is how far beyond what has arrived a read must be to make a
// request of its own, in bytes.
const aheadDistance = 8 << 20

// File reads one version of an upstream file. It is an [fs.File],
// [io.ReadSeeker] and [io.ReaderAt]. ReadAt and Close may be called at any
// time; Read and Seek share a position, as usual.
type File struct {
	c      *Cache
	e      *entry
	ctx    context.Context // of Open, and ends with Close
	cancel context.CancelCauseFunc
	disk   *os.File // with a position of its own; nil: the file isn't kept
	pos    int64

	closing sync.Once
	ranges  rangeReader // reads that the disk can't serve
}

func newFile(ctx context.Context, c *Cache, e *entry) (*File, error) {
	f := &File{c: c, e: e}
	if e.disk != nil {
		disk, err := e.reopen()
		if err != nil {
			c.lose(e)
			return nil, fail(e.url, fmt.Errorf("the cache folder lost the file; let nothing but Spur write there: %w", err))
		}
		f.disk = disk
	}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	f.ranges = rangeReader{ctx: f.ctx, up: c.up, e: e, slots: c.rangeSlots}
	return f, nil
}

// Read reads at the current position, and waits for its bytes.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.readSome(p, f.pos)
	f.pos += int64(n)
	return n, err
}

// ReadAt fills p from offset off on, and waits for its bytes.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fail(f.e.url, fmt.Errorf("read before the start: %w", fs.ErrInvalid))
	}
	for n < len(p) && err == nil {
		var m int
		m, err = f.readSome(p[n:], off+int64(n))
		n += m
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// Seek sets the position. From the end it fails while the size isn't known.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		size := f.e.size()
		if size < 0 {
			return 0, fail(f.e.url, errors.New("the size isn't known yet"))
		}
		offset += size
	}
	if offset < 0 {
		return 0, fail(f.e.url, fmt.Errorf("seek before the start: %w", fs.ErrInvalid))
	}
	f.pos = offset
	return offset, nil
}

// Backing waits for the byte at off and returns an operating system file that
// has it at the offset at, with the number of bytes that are there from there on.
// The file is this reader's own, to seek and to send from, and ends with Close.
// It is nil where the bytes at off don't come from the disk and must be read. The
// end of the file is io.EOF.
func (f *File) Backing(off int64) (disk *os.File, at, n int64, err error) {
	if f.disk == nil || f.ahead(off) {
		return nil, 0, 0, nil
	}
	have, err := f.e.wait(f.ctx, off)
	if err != nil {
		return nil, 0, 0, f.fail(err)
	}
	return f.disk, off, have - off, nil
}

// Whole is the size of the upstream file, also where this is a part of it; -1 where its
// server doesn't say.
func (f *File) Whole() int64 { return f.e.v.whole }

// Stat tells size and time. The size is -1 for a file whose server doesn't say
// it, until all of it has arrived. The time is zero where the server doesn't
// say.
func (f *File) Stat() (fs.FileInfo, error) {
	return info{baseName(f.e.url), f.e.size(), f.e.v.modTime()}, nil
}

// WaitSize waits until the size is known, which is at once unless the server
// doesn't say it: then all of the file has to arrive. arrived, if not nil, is
// told how many bytes have. A file that isn't kept goes on without a size.
func (f *File) WaitSize(arrived func(bytes int64)) error {
	if f.e.disk == nil || f.e.v.size >= 0 {
		return nil
	}
	for have := int64(0); ; {
		var err error
		have, err = f.e.wait(f.ctx, have)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return f.fail(err)
		}
		if arrived != nil {
			arrived(have)
		}
	}
}

// baseName is the last element of a URL's path.
func baseName(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "/"
	}
	return path.Base(u.Path)
}

// ETag is the entity tag of this version, with its quotes; empty where there is
// none. It is the upstream's own, so that several servers agree on it.
func (f *File) ETag() string { return f.e.tag }

// Close ends reads that wait.
func (f *File) Close() error {
	err := fs.ErrClosed
	f.closing.Do(func() {
		f.cancel(fs.ErrClosed)
		f.ranges.close()
		err = nil
		if f.disk != nil {
			err = f.disk.Close()
		}
		f.c.release(f.e)
	})
	return err
}

// readSome reads at least one byte at off.
func (f *File) readSome(p []byte, off int64) (int, error) {
	if f.ctx.Err() != nil {
		return 0, f.fail(context.Cause(f.ctx))
	}
	if len(p) == 0 {
		return 0, nil
	}
	if f.disk == nil || f.ahead(off) {
		n, err := f.ranges.read(p, off)
		if f.disk == nil || !errors.Is(err, errBusy) {
			return n, f.fail(err)
		}
	}
	have, err := f.e.wait(f.ctx, off)
	if err != nil {
		return 0, f.fail(err)
	}
	f.ranges.release()
	n, err := f.disk.ReadAt(p[:min(int64(len(p)), have-off)], off)
	return n, f.fail(err)
}

// ahead says whether off is better asked for than waited for.
func (f *File) ahead(off int64) bool {
	have, done, _ := f.e.state()
	v := f.e.v
	if done || off < have || off >= v.size || !v.ranges || v.strong() == "" {
		return false
	}
	return off >= have+aheadDistance || f.ranges.at(off)
}

func (f *File) fail(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fail(f.e.url, err)
}

// info is an fs.FileInfo.
type info struct {
	name    string
	size    int64
	modTime time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return i.modTime }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }
