package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
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
// writer.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s (%w)", path, fs.ErrNotExist)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, advice.New(path+" is no regular file", "name one, because it is read again for each machine")
	}
	return os.Open(path)
}
