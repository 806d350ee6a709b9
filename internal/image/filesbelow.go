package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// below is what lies below a folder, by its paths.
type below struct {
	files  []string // that are regular, links to such files included
	others []string // devices, pipes and sockets, which nobody can be served
	out    []string // links that lead out of the folder
	more   bool     // there are some that it didn't come to
}

// filesBelow lists what lies below a folder.
func filesBelow(root *os.Root) (b below, err error) {
	entries := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		entries++
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil //nolint:nilerr // what may not be read can't be served either
		case entries > filesMost:
			b.more = true
			return fs.SkipAll
		case d.IsDir() && strings.Count(name, "/") >= depthMost:
			b.more = true
			return fs.SkipDir
		}
		b.add(root, name)
		return nil
	})
	return b, err
}

// add puts a path where it belongs by what lies there.
func (b *below) add(root *os.Root, name string) {
	info, err := root.Stat(name)
	switch {
	case err != nil && leadsOut(root, name):
		b.out = append(b.out, name)
	case err != nil: // a link that leads nowhere
	case info.Mode().IsRegular():
		b.files = append(b.files, name)
	case !info.IsDir():
		b.others = append(b.others, name)
	}
}

// leadsOut tells of a path that leads nowhere below a folder whether it leads out of it, by
// a link.
func leadsOut(root *os.Root, name string) bool {
	_, inside := root.Stat(name)
	_, anywhere := os.Stat(filepath.Join(root.Name(), name))
	return inside != nil && !errors.Is(inside, fs.ErrPermission) && anywhere == nil
}
