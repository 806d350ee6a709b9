package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Held are files of this host as they were when they were opened: one that is removed or
// replaced meanwhile is served as it was.
type Held struct {
	files map[string]*os.File
}

// Hold opens files, except those that can't be. Close it.
func Hold(paths []string) *Held {
	h := &Held{files: map[string]*os.File{}}
	for _, path := range paths {
		f, err := openLocal(path)
		if file, ok := f.(*os.File); err == nil && ok {
			h.files[path] = file
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

// Close closes the files.
func (h *Held) Close() error {
	var errs []error
	for _, f := range h.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
