package diskimage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/block"
)

// Why a name in an image isn't followed.
var (
	ErrNotFile = errors.New("it isn't a file") // but something that QEMU would reach by a protocol
	ErrOutside = errors.New("outside the folder of the image")
)

// Beside is an Opener for an image of that name. It opens files in the image's
// folder and the folders below it, and in others that are allowed. Where links
// lead is what counts.
func Beside(image string, allowed ...string) Opener {
	return func(_ context.Context, ref Reference) (Opened, error) {
		path, err := Resolve(image, ref)
		if err != nil {
			return Opened{}, err
		}
		own, err := filepath.EvalSymlinks(image)
		if err != nil {
			return Opened{}, err
		}
		if !Within(path, append([]string{filepath.Dir(own)}, allowed...)...) {
			return Opened{}, fmt.Errorf("%s is %w", path, ErrOutside)
		}
		file, err := block.OpenFile(path, block.FileOptions{ReadOnly: true})
		if err != nil {
			return Opened{}, err
		}
		return Opened{Name: path, File: file}, nil
	}
}

// Resolve is the path of the file that a reference means, with no links in it, so
// that what is judged is what is opened. image is the name of the image that was
// opened first; Opened.Name of the others has to be such a path.
func Resolve(image string, ref Reference) (string, error) {
	name := strings.TrimPrefix(ref.Name, "file:")
	if strings.HasPrefix(name, "json:") || strings.Contains(name, "://") || HasProtocol(name) {
		return "", ErrNotFile
	}
	if !filepath.IsAbs(name) {
		from := ref.From
		if from == "" {
			var err error
			if from, err = filepath.EvalSymlinks(image); err != nil {
				return "", err
			}
		}
		name = filepath.Join(filepath.Dir(from), name)
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// HasProtocol says whether QEMU takes what is before a colon in the name of a
// backing file for a protocol.
func HasProtocol(name string) bool {
	before, _, found := strings.Cut(name, ":")
	return found && !strings.Contains(before, "/")
}

// Within says whether a path, with no links in it, is below one of some folders.
func Within(path string, folders ...string) bool {
	for _, folder := range folders {
		folder, err := filepath.EvalSymlinks(folder)
		if err != nil {
			continue
		}
		if folder, err = filepath.Abs(folder); err != nil {
			continue
		}
		if rel, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}
