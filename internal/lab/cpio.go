package lab

import (
	"fmt"
	"io"
	"path"
	"slices"
)

// cpio writes an archive in the "newc" format that the kernel unpacks as an
// initramfs (Linux Documentation/driver-api/early-userspace/buffer-format).
type cpio struct {
	w    io.Writer
	ino  int
	dirs map[string]bool
	err  error
}

func newCPIO(w io.Writer) *cpio { return &cpio{w: w, dirs: map[string]bool{".": true}} }

// The types of files in a mode (stat(2)).
const (
	modeDir  = 0o040000
	modeFile = 0o100000
	modeLink = 0o120000
)

// file adds a file and the folders above it. name is relative, with slashes.
func (c *cpio) file(name string, perm int, content []byte) {
	c.folders(path.Dir(name))
	c.entry(name, modeFile|perm, content)
}

// link adds a symbolic link.
func (c *cpio) link(name, target string) {
	c.folders(path.Dir(name))
	c.entry(name, modeLink|0o777, []byte(target))
}

// folders adds a folder and those above it, unless they are there already.
func (c *cpio) folders(dir string) {
	var missing []string
	for ; !c.dirs[dir] && dir != "/"; dir = path.Dir(dir) {
		missing = append(missing, dir)
		c.dirs[dir] = true
	}
	for _, d := range slices.Backward(missing) {
		c.entry(d, modeDir|0o755, nil)
	}
}

func (c *cpio) entry(name string, mode int, content []byte) {
	if c.err != nil {
		return
	}
	c.ino++
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize, check; name and content padded to 4.
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		c.ino, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	out := append([]byte(header+name), 0)
	out = append(pad4(out), content...)
	_, c.err = c.w.Write(pad4(out))
}

func pad4(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// close writes the trailer.
func (c *cpio) close() error {
	c.entry("TRAILER!!!", 0, nil)
	return c.err
}
