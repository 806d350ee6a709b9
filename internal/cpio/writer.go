package cpio

import (
	"fmt"
	"io"
	"math"
	"path"
	"slices"
)

// Writer writes an archive. It is closed by Close, which tells what went wrong
// before too.
type Writer struct {
	out  io.Writer
	ino  int
	dirs map[string]bool
	err  error
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w, dirs: map[string]bool{".": true}} }

// The types of files in a mode (stat(2)).
const (
	modeDir  = 0o040000
	modeFile = 0o100000
	modeLink = 0o120000
)

// File adds a file and the folders above it. name is relative, with slashes.
func (w *Writer) File(name string, perm int, content []byte) {
	w.Folders(path.Dir(name))
	w.entry(name, modeFile|perm, content)
}

// Link adds a symbolic link.
func (w *Writer) Link(name, target string) {
	w.Folders(path.Dir(name))
	w.entry(name, modeLink|0o777, []byte(target))
}

// Folders adds a folder and those above it, unless they are there already.
func (w *Writer) Folders(dir string) {
	var missing []string
	for ; !w.dirs[dir] && dir != "/"; dir = path.Dir(dir) {
		missing = append(missing, dir)
		w.dirs[dir] = true
	}
	for _, d := range slices.Backward(missing) {
		w.entry(d, modeDir|0o755, nil)
	}
}

// Exists takes a folder to be there already, with those above it: of another archive, where
// a link may lead there, in whose place a folder would be put.
func (w *Writer) Exists(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		w.dirs[dir] = true
	}
}

// Begin writes what stands before the content of a file of a size, and the folders above it.
// Whoever writes the content behind it goes on with End.
func (w *Writer) Begin(name string, perm int, size int64) {
	if size > math.MaxUint32 && w.err == nil {
		w.err = fmt.Errorf("a file of %d bytes is too large for a cpio archive, where it has less than 4 GiB", size)
	}
	w.Folders(path.Dir(name))
	w.header(name, modeFile|perm, size)
}

// End writes what stands behind the content of a file of a size.
func (w *Writer) End(size int64) { w.write(make([]byte, -size&3)) }

func (w *Writer) entry(name string, mode int, content []byte) {
	w.header(name, mode, int64(len(content)))
	w.write(pad4(slices.Clone(content)))
}

// header writes what stands before a file's content.
func (w *Writer) header(name string, mode int, size int64) {
	w.ino++
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize, check; name and content padded to 4.
	header := fmt.Sprintf(magicNewc+"%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		w.ino, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name)+1, 0)
	w.write(pad4(append([]byte(header+name), 0)))
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// Around writes what stands before and behind the content of the only file of an archive,
// which may be large: whoever puts the three together has the archive.
func Around(before, behind io.Writer, name string, perm int, size int64) error {
	w := NewWriter(before)
	w.Begin(name, perm, size)
	w.out = behind
	w.End(size)
	return w.Close()
}

func pad4(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// Close writes the trailer.
func (w *Writer) Close() error {
	w.entry(Trailer, 0, nil)
	return w.err
}
