package initrdlayout

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Layout says where in an initrd a medium's files are, and what tells the system.
type Layout struct {
	Name    string
	below   string   // the folder that has the medium's files
	without []string // patterns of what of the medium is left out: what only loaders read
	script  Entry    // what tells the system, in a folder that the system's own initrd has
}

// Entry is a file, a folder or a symbolic link of an initrd.
type Entry struct {
	Name   string
	Mode   fs.FileMode
	From   string // the path in the medium of a file that has its content from there
	Size   int64  // of that
	Target string // of a symbolic link
	Text   string // of a file whose content is from nowhere
}

// all are the layouts.
func all() []Layout { return []Layout{debianInstaller()} }

// Find is the layout of a name.
func Find(name string) (Layout, bool) {
	layouts := all()
	i := slices.IndexFunc(layouts, func(l Layout) bool { return l.Name == name })
	if i < 0 {
		return Layout{}, false
	}
	return layouts[i], true
}

// Names are those of all layouts.
func Names() []string {
	var names []string
	for _, l := range all() {
		names = append(names, l.Name)
	}
	return names
}

// Bounds of what goes into an initrd. The fields in which firmware and kernels hand over
// its size have 32 bits (Linux Documentation/arch/x86/boot.rst, ramdisk_size).
const (
	entriesMost = 64 << 10
	bytesMost   = 4<<30 - 64<<20
)

// Entries are what the initrd has of a medium, in an order in which folders come before
// what is in them, and the bytes of their contents.
func (l Layout) Entries(medium fs.FS) (entries []Entry, bytes int64, err error) {
	entries = []Entry{l.script}
	err = fs.WalkDir(medium, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if l.leavesOut(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		e, err := l.entry(medium, name, d)
		if err != nil || e.Name == "" {
			return err
		}
		entries, bytes = append(entries, e), bytes+e.Size
		switch {
		case len(entries) > entriesMost:
			return fmt.Errorf("it has more than %d files, which is more than go into an initrd", entriesMost)
		case bytes > bytesMost:
			return errors.New("its files have 4 GiB or more, and an initrd has less")
		}
		return nil
	})
	return entries, bytes, err
}

// leavesOut tells whether a path of the medium is no part of the initrd.
func (l Layout) leavesOut(name string) bool {
	return slices.ContainsFunc(l.without, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // a pattern of ours
		return ok
	})
}

// entry is that of a path of the medium; the zero value for what is no file, folder or link.
func (l Layout) entry(medium fs.FS, name string, d fs.DirEntry) (e Entry, err error) {
	info, err := d.Info()
	if err != nil {
		return e, err
	}
	e = Entry{Name: path.Join(l.below, name), Mode: info.Mode()}
	switch info.Mode().Type() {
	case fs.ModeDir:
	case fs.ModeSymlink:
		e.Target, err = fs.ReadLink(medium, name)
	case 0:
		e.From, e.Size = name, info.Size()
	default:
		return Entry{}, nil
	}
	return e, err
}
