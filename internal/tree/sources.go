package tree

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurboot/spur/internal/boot"
)

// Sources opens the files of payloads.
type Sources struct {
	// Upstream opens a URL.
	Upstream func(ctx context.Context, url string) (fs.File, error)
	// Local tells which files of this host may be served. A sealed name
	// alone is not enough: it may be older than the command line in force.
	Local func(path string) bool
}

// Open opens a payload's file, wherever it is.
func (s Sources) Open(ctx context.Context, f boot.File) (fs.File, error) {
	if f.IsURL() {
		return s.Upstream(ctx, f.Source)
	}
	if !s.Local(f.Source) {
		return nil, fmt.Errorf("%s: %w (it is not among the files to serve)", f.Base(), fs.ErrNotExist)
	}
	return openLocal(f.Source)
}

// openLocal opens a regular file of this host. Opening anything else, a named
// pipe for instance, could wait for ever.
func openLocal(path string) (fs.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w (not a regular file)", path, fs.ErrInvalid)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}
