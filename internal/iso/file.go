package iso

import (
	"fmt"
	"io"
	"io/fs"
	"time"
)

// File is a file or a directory of an image. It is an io.ReaderAt and io.Seeker.
type File struct {
	image  *Image
	node   *node
	name   string
	parent int64 // the directory that it is in
	at     int64
	listed []fs.DirEntry // of a directory: what ReadDir has not given yet
	opened bool          // listed is filled
}

// Size is the length in bytes.
func (f *File) Size() int64 { return f.node.size }

// Stat implements fs.File.
func (f *File) Stat() (fs.FileInfo, error) { return info{f.node, f.name}, nil }

// Close implements fs.File. A file holds nothing.
func (f *File) Close() error { return nil }

// Place tells where in the image the byte at off is, and how many of the file's
// follow it there. at is negative for zeros that have no place.
func (f *File) Place(off int64) (at, n int64, err error) {
	if off < 0 {
		return 0, 0, fmt.Errorf("%s: %w (read before its start)", f.name, fs.ErrInvalid)
	}
	for _, e := range f.node.extents {
		if off < e.size {
			if e.at == hole {
				return hole, e.size - off, nil
			}
			return e.at + off, e.size - off, nil
		}
		off -= e.size
	}
	return 0, 0, io.EOF
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var part int
		part, err = f.readSome(p[n:], off+int64(n))
		n += part
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// readSome reads from one extent.
func (f *File) readSome(p []byte, off int64) (int, error) {
	if f.node.isDir() {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fmt.Errorf("%w (a directory)", fs.ErrInvalid)}
	}
	at, most, err := f.Place(off)
	if err != nil {
		return 0, err
	}
	p = p[:min(int64(len(p)), most)]
	if at == hole {
		clear(p)
		return len(p), nil
	}
	n, err := f.image.r.ReadAt(p, at)
	if n == len(p) {
		return n, nil
	}
	return n, fmt.Errorf("%s: %w", f.name, shorter(err))
}

// Read implements fs.File.
func (f *File) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.readSome(p, f.at)
	f.at += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.node.size
	}
	if offset < 0 {
		return f.at, fmt.Errorf("%s: %w (sought before its start)", f.name, fs.ErrInvalid)
	}
	f.at = offset
	return offset, nil
}

// ReadDir implements fs.ReadDirFile.
func (f *File) ReadDir(n int) ([]fs.DirEntry, error) {
	if !f.opened {
		all, err := f.image.readDir(f.node, f.parent)
		if err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: f.name, Err: err}
		}
		f.listed, f.opened = all, true
	}
	if n <= 0 {
		n = len(f.listed)
	} else if len(f.listed) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.listed))
	part := f.listed[:n:n]
	f.listed = f.listed[n:]
	return part, nil
}

// info is what is known of a file, under the name by which it was asked for.
type info struct {
	node *node
	name string
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.node.size }
func (i info) Mode() fs.FileMode  { return i.node.mode }
func (i info) ModTime() time.Time { return i.node.modTime }
func (i info) IsDir() bool        { return i.node.isDir() }
func (i info) Sys() any           { return nil }
