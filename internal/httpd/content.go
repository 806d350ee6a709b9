package httpd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
)

// content makes of any file the io.ReadSeeker that http.ServeContent wants,
// without asking the file to seek before its bytes are needed.
type content struct {
	f       fs.File
	backing func(off int64) (f *os.File, at, n int64, err error) // see Backed; nil: no operating system file
	size    int64                                                // -1: unknown
	pos     int64                                                // of the next byte wanted
	at      int64                                                // of the next byte that f.Read gives

	mu  sync.Mutex // ServeContent reads several ranges on a goroutine of its own
	err error      // what went wrong with f
}

func newContent(f fs.File, size int64) *content {
	c := &content{f: f, size: max(size, -1)}
	switch f := f.(type) {
	case Backed:
		c.backing = f.Backing
	case *os.File:
		c.backing = func(off int64) (*os.File, int64, int64, error) { return f, off, 1 << 62, nil }
	}
	return c
}

// Seek moves within the size that was promised.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of the file")
	}
	c.pos = offset
	return offset, nil
}

// Read reads at the current position, never beyond the promised size: a file
// that grows meanwhile must not spill into the next answer.
func (c *content) Read(p []byte) (n int, err error) {
	// For several ranges http.ServeContent reads on a goroutine of its own,
	// where a panic of the file would end the process.
	defer func() {
		if value := recover(); value != nil {
			n, err = 0, c.fail(fmt.Errorf("reading the file panicked: %v\n%s", value, debug.Stack()))
		}
	}()
	if c.size >= 0 {
		if c.pos >= c.size {
			return 0, io.EOF
		}
		p = p[:min(int64(len(p)), c.size-c.pos)]
	}
	if err := c.align(); err != nil {
		return 0, c.fail(err)
	}
	n, err = c.f.Read(p)
	c.pos += int64(n)
	c.at += int64(n)
	if err == nil || err == io.EOF && (c.size < 0 || c.pos == c.size) {
		return n, err
	}
	return n, c.fail(err)
}

// align brings the file to the wanted position: by seeking, or by reading on
// where the file can't seek, as generated and unpacked files often can't.
func (c *content) align() error {
	if c.at == c.pos {
		return nil
	}
	if s, ok := c.f.(io.Seeker); ok {
		at, err := s.Seek(c.pos, io.SeekStart)
		c.at = at
		return err
	}
	if c.at > c.pos {
		return errors.New("file can't be read backwards")
	}
	n, err := io.CopyN(io.Discard, c.f, c.pos-c.at)
	c.at += n
	return err
}

// chunk is a source for the next bytes, at most limit of them, with an
// operating system file inside where there is one. It waits for the first
// byte. moved must be told what was taken from it when direct is true.
func (c *content) chunk(limit int64) (src *io.LimitedReader, direct bool, err error) {
	if c.backing == nil {
		return &io.LimitedReader{R: c, N: limit}, false, nil
	}
	f, at, n, err := c.backing(c.pos)
	if err == io.EOF && c.size < 0 {
		return nil, false, io.EOF
	}
	if err != nil {
		return nil, false, c.fail(err)
	}
	if f == nil {
		return &io.LimitedReader{R: c, N: limit}, false, nil
	}
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return nil, false, c.fail(err)
	}
	return &io.LimitedReader{R: f, N: min(n, limit)}, true, nil
}

// moved says that n bytes left by the operating system file of a chunk, whose
// position is then not where Read left it.
func (c *content) moved(n int64) {
	c.pos += n
	c.at = -1
}

// fail keeps the first thing that went wrong with the file. An end before the
// promised one is wrong, too.
func (c *content) fail(err error) error {
	if err == io.EOF {
		err = fmt.Errorf("file ended at byte %d, it had %d: %w", c.pos, c.size, io.ErrUnexpectedEOF)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	return err
}

func (c *content) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
