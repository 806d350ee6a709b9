package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/spurboot/spur/internal/boot"
)

// Sources opens the files of payloads.
type Sources struct {
	// Upstream opens a URL.
	Upstream func(ctx context.Context, url string) (fs.File, error)
	// Local are the files of this host that may be served. A sealed name
	// alone is not enough: it may be older than the command line in force.
	Local Local
	// Images knows the images in which files lie; nil has each looked into anew.
	Images *Images
}

// Local opens files of this host by their absolute paths.
type Local interface {
	Open(path string) (fs.File, error)
}

// Named is a Local of the files that the operator named. They are opened as
// they are named, through links too.
type Named map[string]bool

// NamedFiles are the files of a payload.
func NamedFiles(files []boot.File) Named {
	named := Named{}
	for _, f := range files {
		named[f.Source] = true
	}
	return named
}

// Open implements Local.
func (n Named) Open(path string) (fs.File, error) {
	if !n[path] {
		return nil, fmt.Errorf("%s: %w (it is not among the files to serve)", boot.File{Source: path}.Base(), fs.ErrNotExist)
	}
	return openLocal(path)
}

// Locals are several: the first that has a file opens it.
type Locals []Local

// Open implements Local.
func (l Locals) Open(path string) (f fs.File, err error) {
	err = fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	for _, local := range l {
		if f, err = local.Open(path); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, err
}

// Open opens a payload's file, wherever it is. Whether one inside an image may be
// served is whether the image may be.
func (s Sources) Open(ctx context.Context, f boot.File) (fs.File, error) {
	whole, err := s.whole(ctx, f)
	if err != nil || f.Inside == "" {
		return whole, err
	}
	return s.Images.inside(whole, f)
}

// whole opens what is at a file's source.
func (s Sources) whole(ctx context.Context, f boot.File) (fs.File, error) {
	if f.IsURL() {
		return s.Upstream(ctx, f.Source)
	}
	return s.Local.Open(f.Source)
}

// openLocal opens a regular file of this host.
func openLocal(path string) (fs.File, error) { return regular(os.OpenFile(path, readOnly, 0)) }

// readOnly is how files are opened: opening a named pipe doesn't wait for its
// writer.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// regular refuses everything but a regular file: reading anything else could
// wait for ever.
func regular(f *os.File, err error) (fs.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w (not a regular file)", f.Name(), fs.ErrInvalid)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
