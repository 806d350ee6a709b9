package tree

import (
	"cmp"
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
	// Part opens size bytes of what is at a URL, from off on, without the rest; nil where
	// only all of it can be had. What it opens knows its ETag, and the size of the whole.
	Part OpenPart
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
	if f.Packed != "" {
		return s.packed(ctx, f)
	}
	if f.Inside != "" && f.IsURL() && s.Part != nil {
		if file, err := s.insideRemote(ctx, f); !errors.Is(err, errNoParts) {
			return file, err
		}
	}
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
func openLocal(path string) (fs.File, error) {
	return openRegular(path, os.Stat, os.OpenFile)
}

// openRegular opens a regular file, and nothing else: opening a device may set off what it
// does, and reading a pipe waits for its writer. One that is put in the file's place
// meanwhile is not read.
func openRegular(name string, stat func(string) (fs.FileInfo, error), open func(string, int, fs.FileMode) (*os.File, error)) (fs.File, error) {
	info, err := stat(name)
	if err = cmp.Or(err, regular(name, info)); err != nil {
		return nil, err
	}
	f, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err = f.Stat()
	if err = cmp.Or(err, regular(name, info)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// regular refuses everything but a regular file.
func regular(name string, info fs.FileInfo) error {
	if info == nil || info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%s: %w (not a regular file)", name, fs.ErrInvalid)
}
