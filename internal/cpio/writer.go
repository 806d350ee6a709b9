package cpio

import (
	"fmt"
	"io"
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

func (w *Writer) entry(name string, mode int, content []byte) {
	if w.err != nil {
		return
	}
	w.ino++
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize, check; name and content padded to 4.
	header := fmt.Sprintf(magicNewc+"%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		w.ino, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	entry := append([]byte(header+name), 0)
	entry = append(pad4(entry), content...)
	_, w.err = w.out.Write(pad4(entry))
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
