package loader

import (
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/route"
)

// findInSpur finds the loaders that Spur itself has. What is there was put there while it
// was built: what is no loader is an error.
func findInSpur(files fs.FS) (route.Binaries, error) {
	if files == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var found route.Binaries
	for _, e := range entries {
		content, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return nil, err
		}
		b, err := Look(e.Name(), content)
		if err != nil {
			return nil, fmt.Errorf("%s in this program: %w", e.Name(), err)
		}
		b.Content = content
		found = append(found, b)
	}
	return found, nil
}
