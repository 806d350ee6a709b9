package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spurboot/spur/internal/advice"
)

// Reader hands what is at a URL to read, which may read all of it in any order;
// a negative size means that the server doesn't tell. Its own errors name the
// URL.
type Reader func(ctx context.Context, url string, read func(r io.ReaderAt, size int64) error) error

// Open looks at the file at path. Errors name the path.
func Open(path string) (Found, error) { return openWith(path, Look) }

// OpenNBP looks at the file at path, which is said to be a flat program for a BIOS.
// Errors name the path.
func OpenNBP(path string) (Program, error) { return openWith(path, LookNBP) }

// FetchNBP looks at what is at url in the same way. Errors name the URL.
func FetchNBP(ctx context.Context, url string, from Reader) (Program, error) {
	return fetchWith(ctx, url, from, LookNBP)
}

// OpenInitrd looks at the initrd at path. Errors name the path.
func OpenInitrd(path string) (Initrd, error) { return openWith(path, LookInitrd) }

// Fetch looks at what is at url. Errors name the URL.
func Fetch(ctx context.Context, url string, from Reader) (Found, error) {
	return fetchWith(ctx, url, from, Look)
}

// FetchInitrd looks at the initrd at url. Errors name the URL.
func FetchInitrd(ctx context.Context, url string, from Reader) (Initrd, error) {
	return fetchWith(ctx, url, from, LookInitrd)
}

func openWith[T any](path string, look func(io.ReaderAt, int64) (T, error)) (found T, err error) {
	// A FIFO or a device would block or have no size: look before opening.
	info, err := os.Stat(path)
	if err != nil {
		return found, Explain(path, err)
	}
	if info.IsDir() {
		return found, advice.New(path+" is a folder", "name the file in it")
	}
	if !info.Mode().IsRegular() {
		return found, advice.New(path+" is no regular file", "name one, because it is read again for each machine")
	}
	f, err := os.Open(path)
	if err != nil {
		return found, Explain(path, err)
	}
	defer f.Close()
	found, err = look(f, info.Size())
	if err != nil {
		return found, Explain(path, err)
	}
	return found, nil
}

func fetchWith[T any](ctx context.Context, url string, from Reader, look func(io.ReaderAt, int64) (T, error)) (found T, err error) {
	err = from(ctx, url, func(r io.ReaderAt, size int64) error {
		var err error
		if found, err = look(r, size); err != nil {
			return Explain(url, err)
		}
		return nil
	})
	return found, err
}

// checkName says what to do about a name that is no file's. Items of menus are called
// TITLE=TARGET, and local is the machine's disk.
func checkName(path string) string {
	if strings.Contains(path, "=") {
		return "check its name; if that names an item of a menu, add --menu"
	}
	return "check its name"
}

// Explain says about a file that can't be looked into, or shows nothing that boots, which
// it is and what to do.
func Explain(path string, err error) error {
	var m *Mismatch
	switch {
	case err == nil:
		return nil
	case errors.As(err, &m) && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")):
		return advice.Wrap(fmt.Errorf("%s: %w", path, err), "if it says what each machine boots, name it with --machines")
	case errors.As(err, &m):
		return advice.Wrap(fmt.Errorf("%s: %w", path, err), m.Hint)
	case errors.Is(err, fs.ErrNotExist):
		return advice.Wrap(NoFileError{path}, checkName(path))
	case errors.Is(err, fs.ErrPermission):
		return advice.Wrap(fmt.Errorf("%s may not be read (%w)", path, fs.ErrPermission), "change its permissions, or run as a user who may")
	}
	return advice.Wrap(fmt.Errorf("%s cannot be read: %w", path, err), "check its name, and whether it can be read here by other programs")
}

// NoFileError is that a file isn't there.
type NoFileError struct{ Path string }

func (n NoFileError) Error() string { return "there is no file " + n.Path }

// Unwrap says so to programs.
func (NoFileError) Unwrap() error { return fs.ErrNotExist }
