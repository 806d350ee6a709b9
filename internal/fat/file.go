package fat

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// File is a file that is read where it lies. It is an fs.File.
type File struct {
	*io.SectionReader
	name    string
	extents []extent
}

// extent is a part of a file that lies in one piece.
type extent struct{ at, size int64 }

// extentsMost bounds the pieces of a file. What writes boot images puts each file into one.
const extentsMost = 4096

// Open opens a file by its path, with slashes. Case is none.
func (f *FileSystem) Open(name string) (*File, error) {
	dir, base := path.Split(name)
	all, err := f.ReadFolder(dir)
	if err != nil {
		return nil, err
	}
	e, ok := find(all, base)
	if !ok || e.Folder {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	extents, err := f.extents(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	file := &File{name: e.Name, extents: extents}
	file.SectionReader = io.NewSectionReader(pieces{f.r, extents}, 0, e.Size)
	return file, nil
}

// extents are where a file lies.
func (f *FileSystem) extents(e Entry) ([]extent, error) {
	buffered := *f // a file's numbers lie beside each other in the table
	buffered.r = &window{r: f.r}
	f = &buffered
	var all []extent
	cluster := e.first
	for left := e.Size; left > 0; {
		if cluster < 2 || cluster-2 >= f.clusters {
			return nil, fmt.Errorf("%w: there is no cluster %d", ErrDamaged, cluster)
		}
		at, n := f.data+int64(cluster-2)*f.cluster, min(f.cluster, left)
		if at+n > f.size {
			return nil, fmt.Errorf("%w: it ends before byte %d", ErrDamaged, at+n)
		}
		if last := len(all) - 1; last >= 0 && all[last].at+all[last].size == at {
			all[last].size += n
		} else {
			all = append(all, extent{at, n})
		}
		if left -= n; left == 0 {
			break
		}
		next, ok, err := f.next(cluster)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%w: it is longer than its clusters", ErrDamaged)
		case len(all) > extentsMost:
			return nil, fmt.Errorf("%w: it lies in more than %d pieces", ErrDamaged, extentsMost)
		}
		cluster = next
	}
	return all, nil
}

// window reads small parts by larger ones, of which it keeps the last.
type window struct {
	r    io.ReaderAt
	at   int64
	have []byte
}

// windowSize is how much it reads at once.
const windowSize = 4096

// ReadAt implements io.ReaderAt.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.at || off+int64(len(p)) > w.at+int64(len(w.have)) {
		have := make([]byte, windowSize)
		n, err := w.r.ReadAt(have, off)
		if n < len(p) {
			return copy(p, have[:n]), err
		}
		w.at, w.have = off, have[:n]
	}
	return copy(p, w.have[off-w.at:]), nil
}

// Place tells where in the file system the byte at off is, and how many of the file's
// follow it there.
func (f *File) Place(off int64) (at, n int64, err error) { return pieces{nil, f.extents}.place(off) }

// Stat implements fs.File.
func (f *File) Stat() (fs.FileInfo, error) { return fileInfo{f}, nil }

// Close implements fs.File. A file holds nothing.
func (f *File) Close() error { return nil }

// pieces are read as one.
type pieces struct {
	r       io.ReaderAt
	extents []extent
}

func (p pieces) place(off int64) (at, n int64, err error) {
	if off < 0 {
		return 0, 0, fs.ErrInvalid
	}
	for _, e := range p.extents {
		if off < e.size {
			return e.at + off, e.size - off, nil
		}
		off -= e.size
	}
	return 0, 0, io.EOF
}

// ReadAt implements io.ReaderAt.
func (p pieces) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		at, have, err := p.place(off + int64(n))
		if err != nil {
			return n, err
		}
		part := b[n:min(int64(len(b)), int64(n)+have)]
		got, err := p.r.ReadAt(part, at)
		n += got
		if got < len(part) {
			return n, err
		}
	}
	return n, nil
}

// fileInfo is what is known of a file. Its time is not: it would be that of a clock
// without a zone.
type fileInfo struct{ f *File }

func (i fileInfo) Name() string       { return i.f.name }
func (i fileInfo) Size() int64        { return i.f.SectionReader.Size() }
func (i fileInfo) Mode() fs.FileMode  { return 0o444 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }
