package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// The bounds of one archive.
const (
	UnpackedMost = 1 << 30 // bytes
	FilesMost    = 50_000
)

// ErrNone is wrapped by the error of [Walk] about a file that is no archive.
var ErrNone = errors.New("it is no archive that Spur can open: .deb, .rpm, .tar, .zip, .iso, or one of gzip, xz, zstd, bzip2")

// File is a regular file in an archive. Its content is read from Reader, during the
// visit only.
type File struct {
	Name string // with slashes, relative
	Size int64
	io.Reader
}

// Walk calls visit for each file of an archive of that size. name is the archive's
// own: what is compressed and no tar inside has it, without its ending. An error of
// visit ends the walk, and so does the end of ctx. The errors are clauses about "it",
// the archive.
func Walk(ctx context.Context, name string, r io.ReaderAt, size int64, visit func(File) error) error {
	w := &walk{ctx: ctx, visit: visit, left: UnpackedMost}
	err := w.archive(name, heedful{ctx, r}, size)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case w.refused != nil:
		return w.refused
	}
	return err
}

func (w *walk) archive(name string, r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, int64(headMost)))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return fmt.Errorf("it can't be read: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte(debMagic)):
		return w.deb(r, size)
	case bytes.HasPrefix(head, []byte(rpmMagic)):
		return w.rpm(r, size)
	case bytes.HasPrefix(head, []byte(zipMagic)):
		return w.zip(r, size)
	case len(head) == headMost && string(head[isoAt:isoAt+len(isoMagic)]) == isoMagic:
		return w.iso(r, size)
	}
	return w.stream(path.Base(name), io.NewSectionReader(r, 0, size), true)
}

// heedful reads until its context ends.
type heedful struct {
	ctx context.Context
	io.ReaderAt
}

func (h heedful) ReadAt(p []byte, at int64) (int, error) {
	if h.ctx.Err() != nil {
		return 0, context.Cause(h.ctx)
	}
	return h.ReaderAt.ReadAt(p, at)
}

// headMost is how much of a file is looked at to know what it is.
const headMost = isoAt + len(isoMagic)

// walk is one walk.
type walk struct {
	ctx     context.Context
	visit   func(File) error
	left    int64 // bytes that may yet be unpacked
	files   int
	refused error // why no more is unpacked
}

// file hands one over.
func (w *walk) file(name string, size int64, r io.Reader) error {
	w.files++
	clean := path.Clean(strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
	switch {
	case w.files > FilesMost:
		return tooManyFiles()
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return fmt.Errorf("it has the path %q, which leads out of it", name)
	}
	return w.visit(File{Name: clean, Size: size, Reader: r})
}

func tooManyFiles() error { return fmt.Errorf("it has more than %d files", FilesMost) }

// stream goes through what is read in one go. outer tells that it is the file itself,
// which must be an archive.
func (w *walk) stream(name string, r io.Reader, outer bool) error {
	b := bufio.NewReaderSize(r, tarHead)
	head, err := b.Peek(tarHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, c := range compressions() {
		if bytes.HasPrefix(head, []byte(c.magic)) && outer {
			return w.compressed(strings.TrimSuffix(name, path.Ext(name)), c, b)
		}
	}
	switch {
	case isTar(head):
		return w.tar(b)
	case isCpio(head):
		return w.cpio(b)
	case outer:
		return ErrNone
	}
	return w.file(name, -1, b)
}

// compressed goes through what a compressed stream has.
func (w *walk) compressed(name string, c compression, r io.Reader) error {
	unpacked, err := c.open(r)
	if err != nil {
		return w.broken(err)
	}
	defer unpacked.Close()
	return w.stream(name, &bounded{unpacked, w}, false)
}

// bounded reads what is unpacked, as long as it isn't too much and the walk's context
// hasn't ended: a few bytes may unpack to many.
type bounded struct {
	r io.Reader
	w *walk
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.w.ctx.Err() != nil {
		return 0, context.Cause(b.w.ctx)
	}
	n, err := b.r.Read(p)
	b.w.left -= int64(n)
	switch {
	case b.w.left < 0:
		b.w.refused = fmt.Errorf("it unpacks to more than %d MiB", UnpackedMost>>20)
		return n, b.w.refused
	case err != nil && !errors.Is(err, io.EOF):
		return n, b.w.broken(err)
	}
	return n, err
}

// broken says what is wrong with what can't be unpacked.
func (w *walk) broken(err error) error {
	if errors.Is(err, xz.ErrMemlimit) || errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		w.refused = fmt.Errorf("unpacking it would take more than %d MiB of memory", memoryMost>>20)
		return w.refused
	}
	return fmt.Errorf("it is damaged: %w", err)
}
