package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
)

// parent opens what a differencing image lies over, if it may be.
func (b *backings) parent(ctx context.Context, image string) func(Format, ...string) (block.Device, error) {
	return func(format Format, names ...string) (block.Device, error) {
		if b.depth++; b.depth > mostLayers {
			return nil, fmt.Errorf("more than %d parents, or a loop of them", mostLayers)
		}
		found, file, err := b.openFirst(image, candidates(names))
		if err != nil {
			return nil, err
		}
		d, err := open(ctx, file, Options{ReadOnly: true, Format: format}, b.beside(ctx, found))
		if err != nil {
			file.Close()
			return nil, err
		}
		return d.Device, nil
	}
}

// openFirst opens the first of some names that is a file. Its error is of one
// that is there and may not be opened, if there is such a one.
func (b *backings) openFirst(image string, names []string) (string, *block.OSFile, error) {
	own, err := filepath.EvalSymlinks(image)
	if err != nil {
		return "", nil, err
	}
	failed := errors.New("it doesn't name its parent")
	for i, name := range names {
		found, file, err := b.open(image, qcow2.Reference{Name: name, Parent: own})
		if err == nil {
			return found, file, nil
		}
		if i == 0 || errors.Is(failed, fs.ErrNotExist) && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	return "", nil, failed
}

// candidates are where a parent may be that an image names as Windows does: at
// that place, or, since images are copied together, in the image's folder.
func candidates(names []string) []string {
	var list []string
	for _, name := range names {
		if len(name) > 2 && name[1] == ':' && name[2] == '\\' {
			name = name[2:]
		}
		if strings.Contains(name, `\`) {
			name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
		}
		if name != "" {
			list = append(list, name)
		}
	}
	for _, name := range slices.Clone(list) {
		list = append(list, path.Base(name))
	}
	return slices.Compact(list)
}
