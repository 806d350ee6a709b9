package tftp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// A File is what a read request is answered with. An [fs.File] is one.
//
// A File with a Stat method (as fs.File) or a Size() int64 method has a known
// size, which clients that ask for tsize are told. A File that is also an
// io.ReaderAt of known size is read as the client goes on, and again where
// packets were lost. Any other File is read once, in order, a window at a time.
type File interface {
	io.Reader
	io.Closer
}

// A Sink takes the file of a write request. After the last byte Close is
// called, before the client is told that the file has arrived; its error goes
// to the client. If the transfer fails before that, Abort is called instead.
type Sink interface {
	io.Writer
	Close() error
	Abort(reason error)
}

// A ReadFunc opens the file that a request asks for. It runs on the
// transfer's own goroutine and may take its time; ctx ends with the transfer.
// An [*Error] is sent to the client as it is; fs.ErrNotExist and
// fs.ErrPermission (wrapped or not) become ERROR 1 and 2, others ERROR 0.
type ReadFunc func(ctx context.Context, r *Request) (File, error)

// A WriteFunc opens what a write request writes to, with errors as for ReadFunc.
type WriteFunc func(ctx context.Context, r *Request) (Sink, error)

// FS serves the regular files of a file system. Leading slashes of the name
// are dropped; names that are not valid paths (fs.ValidPath: no "..", no empty
// elements) don't exist. Confinement is that of fsys: prefer (*os.Root).FS to
// os.DirFS, which follows symbolic links out of the directory.
func FS(fsys fs.FS) ReadFunc {
	return func(_ context.Context, r *Request) (File, error) {
		name := strings.TrimLeft(r.Filename, "/")
		if !fs.ValidPath(name) {
			return nil, fmt.Errorf("open %q: %w", r.Filename, fs.ErrNotExist)
		}
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err != nil || info.IsDir() {
			f.Close()
			return nil, fmt.Errorf("open %q: not a file: %w", r.Filename, fs.ErrNotExist)
		}
		return f, nil
	}
}

// Bytes is a File with the given content.
func Bytes(content []byte) File { return memory{bytes.NewReader(content)} }

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// sizeOf returns the size of what r reads, or -1.
func sizeOf(r io.Reader) int64 {
	switch f := r.(type) {
	case interface{ Size() int64 }:
		return f.Size()
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	case interface{ Len() int }:
		return int64(f.Len())
	}
	return -1
}
