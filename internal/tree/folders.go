package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/advice"
)

// Folders is a Local of everything below some folders. No link leads out of
// them, also where one is put in the place of a file or a folder meanwhile.
type Folders struct {
	roots []*os.Root // each named by its absolute path
}

// OpenFolders opens folders. Close them.
func OpenFolders(dirs []string) (*Folders, error) {
	f := &Folders{}
	for _, dir := range dirs {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.roots = append(f.roots, root)
	}
	return f, nil
}

// Names are the absolute paths of the folders.
func (f *Folders) Names() []string {
	var names []string
	for _, root := range f.roots {
		names = append(names, root.Name())
	}
	return names
}

// Check tells whether the file at path can be opened, and what to do if not.
func (f *Folders) Check(path string) error {
	if _, _, ok := f.find(path); !ok {
		return advice.New(path+" is below no folder that --allow-files names", "add --allow-files "+filepath.Dir(path)+", or have a URL named")
	}
	file, err := f.Open(path)
	if err != nil {
		return advice.Wrap(err, "put the file there, and see that it may be read")
	}
	return file.Close()
}

// find is the root that a path is below, and its name there.
func (f *Folders) find(path string) (*os.Root, string, bool) {
	for _, root := range f.roots {
		name, err := filepath.Rel(root.Name(), path)
		if err == nil && name != "." && filepath.IsLocal(name) {
			return root, name, true
		}
	}
	return nil, "", false
}

// Open implements Local.
func (f *Folders) Open(path string) (fs.File, error) {
	root, name, ok := f.find(path)
	if !ok {
		return nil, fmt.Errorf("%s: %w (it is below none of the folders to serve)", filepath.Base(path), fs.ErrNotExist)
	}
	return openBelow(root, name)
}

// openBelow opens a regular file below a folder.
func openBelow(root *os.Root, name string) (fs.File, error) {
	f, err := openRegular(name, root.Stat, root.OpenFile)
	if at := (*fs.PathError)(nil); errors.As(err, &at) && at.Err.Error() == "path escapes from parent" {
		// The error of package os has no name.
		return nil, fmt.Errorf("%s: %w (a link leads out of %s)", name, fs.ErrPermission, root.Name())
	}
	return f, err
}

// Close closes the folders.
func (f *Folders) Close() error {
	var errs []error
	for _, root := range f.roots {
		errs = append(errs, root.Close())
	}
	return errors.Join(errs...)
}
