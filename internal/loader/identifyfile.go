package loader

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/route"
)

// IdentifyFile says what a file is. Only regular files are opened.
func IdentifyFile(path string) (route.Identity, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return route.Identity{}, advice.Wrap(err, "check its name")
	case err != nil:
		return route.Identity{}, err
	case info.IsDir():
		return route.Identity{}, advice.New(path+" is a folder", "name the files in it")
	case !info.Mode().IsRegular():
		return route.Identity{}, advice.New(path+" is no file", "name a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return route.Identity{}, advice.Wrap(err, "run as a user that may read it")
	}
	defer f.Close()
	id, err := Identify(f, info.Size())
	if err != nil {
		return route.Identity{}, advice.New(fmt.Sprintf("%s: %v", path, err), "name an EFI application or a network boot program")
	}
	return id, nil
}
