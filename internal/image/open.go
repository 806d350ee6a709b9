package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spurboot/spur/internal/hint"
)

// Head fetches the beginning of what is at a URL, HeadSize bytes or all there
// is, and the size of the whole; a negative size means that the server does
// not tell. Its errors name the URL.
type Head func(ctx context.Context, url string) (head []byte, size int64, err error)

// Open looks at the file at path. Errors name the path.
func Open(path string) (Found, error) { return openWith(path, Look) }

// OpenInitrd looks at the initrd at path. Errors name the path.
func OpenInitrd(path string) (Initrd, error) { return openWith(path, LookInitrd) }

// Fetch looks at what is at url. Errors name the URL.
func Fetch(ctx context.Context, url string, get Head) (Found, error) {
	return fetchWith(ctx, url, get, Look)
}

// FetchInitrd looks at the initrd at url. Errors name the URL.
func FetchInitrd(ctx context.Context, url string, get Head) (Initrd, error) {
	return fetchWith(ctx, url, get, LookInitrd)
}

func openWith[T any](path string, look func(io.ReaderAt, int64) (T, error)) (found T, err error) {
	// A FIFO or a device would block or have no size: look before opening.
	info, err := os.Stat(path)
	if err != nil {
		return found, explain(path, err)
	}
	if info.IsDir() {
		return found, hint.New(path+" is a folder", "name the file in it")
	}
	if !info.Mode().IsRegular() {
		return found, hint.New(path+" is no regular file", "name one, because it is read again for each machine")
	}
	f, err := os.Open(path)
	if err != nil {
		return found, explain(path, err)
	}
	defer f.Close()
	found, err = look(f, info.Size())
	if err != nil {
		return found, explain(path, err)
	}
	return found, nil
}

func fetchWith[T any](ctx context.Context, url string, get Head, look func(io.ReaderAt, int64) (T, error)) (found T, err error) {
	head, size, err := get(ctx, url)
	if err != nil {
		return found, err
	}
	if found, err = look(bytes.NewReader(head), size); err != nil {
		return found, explain(url, err)
	}
	return found, nil
}

// explain says about a file that cannot be read what to do.
func explain(path string, err error) error {
	var m *Mismatch
	switch {
	case errors.As(err, &m):
		return hint.Wrap(fmt.Errorf("%s: %w", path, err), m.Hint)
	case errors.Is(err, fs.ErrNotExist):
		return hint.Wrap(fmt.Errorf("there is no file %s (%w)", path, fs.ErrNotExist), "check its name")
	case errors.Is(err, fs.ErrPermission):
		return hint.Wrap(fmt.Errorf("%s may not be read (%w)", path, fs.ErrPermission), "change its permissions, or run as a user who may")
	}
	return hint.Wrap(fmt.Errorf("%s cannot be read: %w", path, err), "check its name, and whether it can be read here by other programs")
}
