package tree

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Held are files of this host as they were when they were opened: one that is removed or
// replaced meanwhile is served as it was; one that is overwritten in place is not.
type Held struct {
	files map[string]*os.File
	first map[string]fs.FileInfo // as they were when they were opened
}

// Hold opens files, except those that can't be. Close it.
func Hold(paths []string) *Held {
	h := &Held{files: map[string]*os.File{}, first: map[string]fs.FileInfo{}}
	for _, path := range paths {
		f, err := openLocal(path)
		if file, ok := f.(*os.File); err == nil && ok {
			h.files[path] = file
			h.first[path], _ = file.Stat()
		}
	}
	return h
}

// Open implements Local. What is served has a descriptor of its own, so that the Held may
// be closed before it.
func (h *Held) Open(path string) (fs.File, error) {
	held, ok := h.files[path]
	if !ok {
		return nil, missing(path, errors.New("it isn't held"))
	}
	fd, err := syscall.Dup(int(held.Fd()))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	file := os.NewFile(uintptr(fd), path)
	whole, err := Whole(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return NewComposite(filepath.Base(path), whole), nil
}

// Overwritten are the files that aren't what they were, in their order.
func (h *Held) Overwritten() []string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(h.files)) {
		before := h.first[path]
		now, err := h.files[path].Stat()
		if err != nil || before == nil || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			all = append(all, path)
		}
	}
	return all
}

// Close closes the files.
func (h *Held) Close() error {
	var errs []error
	for _, f := range h.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
