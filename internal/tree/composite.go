package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strconv"
	"syscall"
	"time"
)

// Section is a run of bytes of a composite file.
type Section struct {
	content io.ReaderAt // nil: zeros
	size    int64
	mark    string // changes when the bytes do
	origin  string // where they come from: another's may have the same mark
	closer  io.Closer
}

// Bytes is a section of bytes in memory.
func Bytes(b []byte) Section {
	sum := sha256.Sum256(b)
	return Section{content: readerAt(b), size: int64(len(b)), mark: hex.EncodeToString(sum[:])}
}

// readerAt reads bytes in memory.
type readerAt []byte

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(r)) {
		return 0, io.EOF
	}
	n := copy(p, r[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Zeros is a section of n zero bytes, to align the next one.
func Zeros(n int64) Section { return Section{size: n, mark: "zeros"} }

// Whole is a section with all of a file, which must be an io.ReaderAt of known
// size that has an entity tag or a time of its last change: without them nobody
// could tell whether its bytes are still the same. The composite closes it.
func Whole(f fs.File) (Section, error) {
	content, ok := f.(io.ReaderAt)
	if !ok {
		return Section{}, errors.New("a file that can only be read in its order is no part of a composite")
	}
	info, err := f.Stat()
	if err != nil {
		return Section{}, err
	}
	mark, origin := "", ""
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		origin = fmt.Sprint(stat.Dev, stat.Ino, stat.Ctim.Nano())
	}
	if tagged, ok := f.(interface{ ETag() string }); ok {
		mark = tagged.ETag()
	} else if !info.ModTime().IsZero() {
		mark = strconv.FormatInt(info.ModTime().UnixNano(), 36)
	}
	if info.Size() < 0 || mark == "" {
		return Section{}, fmt.Errorf("%s: of a part of a composite, size and version must be known", info.Name())
	}
	return Section{content: content, size: info.Size(), mark: mark, origin: origin, closer: f}, nil
}

// Composite is a file that is put together of sections while it is read. Its
// bytes are never copied into another file or kept in memory. Size and entity
// tag depend on the sections alone: they are the same for each request, on every
// server, and after a restart.
type Composite struct {
	name     string
	sections []Section
	ends     []int64 // of each section, in the composite
	at       int64
}

// NewComposite puts sections together.
func NewComposite(name string, sections ...Section) *Composite {
	c := &Composite{name: name, sections: slices.DeleteFunc(slices.Clone(sections), func(s Section) bool { return s.size == 0 && s.closer == nil })}
	end := int64(0)
	for _, s := range c.sections {
		end += s.size
		c.ends = append(c.ends, end)
	}
	return c
}

// Size is the length in bytes.
func (c *Composite) Size() int64 {
	if len(c.ends) == 0 {
		return 0
	}
	return c.ends[len(c.ends)-1]
}

// ETag implements httpd.Tagged.
func (c *Composite) ETag() string {
	h := sha256.New()
	for _, s := range c.sections {
		fmt.Fprintf(h, "%d %q\n", s.size, s.mark)
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// id tells contents apart on this host, where a section's origin does, also of two
// that have the same size and tag.
func (c *Composite) id() contentID {
	h := sha256.New()
	for _, s := range c.sections {
		fmt.Fprintf(h, "%d %q %q\n", s.size, s.mark, s.origin)
	}
	return contentID(h.Sum(nil))
}

// ReadAt implements io.ReaderAt.
func (c *Composite) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("%s: %w (read before its start)", c.name, fs.ErrInvalid)
	}
	for n < len(p) {
		part, err := c.readSection(p[n:], off+int64(n))
		n += part
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Backing implements httpd.Backed: of what is a file of this host, the bytes are
// never copied here.
func (c *Composite) Backing(off int64) (f *os.File, at, n int64, err error) {
	i := sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > off })
	if i == len(c.ends) {
		return nil, 0, 0, io.EOF
	}
	s, left := c.sections[i], c.ends[i]-off
	switch content := s.content.(type) {
	case *os.File:
		return content, s.size - left, left, nil
	case backed:
		f, at, n, err = content.Backing(s.size - left)
		return f, at, min(n, left), err
	}
	return nil, 0, 0, nil
}

// backed is what httpd.Backed is; this package knows no protocol.
type backed interface {
	Backing(off int64) (f *os.File, at, n int64, err error)
}

// readSection reads what one section has from an offset of the composite on.
func (c *Composite) readSection(p []byte, off int64) (int, error) {
	i := sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > off })
	if i == len(c.ends) {
		return 0, io.EOF
	}
	s, left := c.sections[i], c.ends[i]-off
	p = p[:min(int64(len(p)), left)]
	if s.content == nil {
		clear(p)
		return len(p), nil
	}
	n, err := s.content.ReadAt(p, s.size-left)
	if n == len(p) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("a part of %s became shorter: %w", c.name, io.ErrUnexpectedEOF)
	}
	return n, err
}

// Read implements fs.File.
func (c *Composite) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.readSection(p, c.at)
	c.at += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (c *Composite) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.Size()
	}
	if offset < 0 {
		return c.at, fmt.Errorf("%s: %w (sought before its start)", c.name, fs.ErrInvalid)
	}
	c.at = offset
	return offset, nil
}

// Close closes the files of all sections.
func (c *Composite) Close() error {
	var errs []error
	for _, s := range c.sections {
		if s.closer != nil {
			errs = append(errs, s.closer.Close())
		}
	}
	return errors.Join(errs...)
}

// Stat implements fs.File. A composite has no time: its ETag stands for it.
func (c *Composite) Stat() (fs.FileInfo, error) { return compositeInfo{c}, nil }

type compositeInfo struct{ *Composite }

func (i compositeInfo) Name() string       { return i.name }
func (i compositeInfo) Mode() fs.FileMode  { return 0o444 }
func (i compositeInfo) ModTime() time.Time { return time.Time{} }
func (i compositeInfo) IsDir() bool        { return false }
func (i compositeInfo) Sys() any           { return nil }
