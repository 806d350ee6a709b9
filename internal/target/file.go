package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// located makes a name absolute: what is served must not depend on a later
// change of folder.
func located(name string) (boot.File, error) {
	f := boot.File{Source: name}
	if err := f.Check(); err != nil {
		return boot.File{}, advice.Wrap(err, "rename it, or give a shorter one")
	}
	if f.IsURL() {
		if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
			return boot.File{}, advice.New(fmt.Sprintf("%s is a URL that Spur cannot fetch", name), "use http:// or https://, or a path")
		}
		return f, nil
	}
	path, err := filepath.Abs(name)
	return boot.File{Source: path}, err
}

func readable(path string) error {
	f, err := OpenRegular(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// OpenRegular opens a regular file. Nothing else is opened: a pipe would wait for its
// writer. One that is put in the file's place meanwhile is not read.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err = regular(path, info, err); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err = f.Stat()
	if err = regular(path, info, err); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// regular refuses what is no regular file, or could not be looked at.
func regular(path string, info fs.FileInfo, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return image.NoFileError{Path: path}
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return advice.New(path+" is no regular file", "name one, because it is read again for each machine")
	}
	return nil
}
