package loaderstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/archive"
	"github.com/spurboot/spur/internal/loader"
)

// The bounds of an import.
const (
	LeftMost   = 20
	folderMost = 50_000 // files in a folder
)

// File is what an import reads.
type File interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
	Close() error
}

// Import keeps the loaders that are in a file, a folder, an archive or what open
// opens at a URL. What isn't known it leaves, and says so.
func (s Store) Import(ctx context.Context, source string, open func(context.Context, string) (File, error)) (Report, error) {
	i := importing{store: s, ctx: ctx, from: source}
	if u, err := url.Parse(source); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		u.User, u.RawQuery, u.Fragment = nil, "", "" // there may be a secret in them
		i.from = u.String()
		return i.opened(open(ctx, source))
	}
	info, err := os.Stat(source)
	switch {
	case err != nil:
		return Report{}, err
	case info.IsDir():
		return i.report, i.folder(source)
	case !info.Mode().IsRegular():
		return Report{}, fmt.Errorf("%s is no file or folder", source)
	}
	f, err := os.Open(source)
	if err != nil {
		return Report{}, err
	}
	return i.opened(f, nil)
}

// importing is one import.
type importing struct {
	store  Store
	ctx    context.Context
	from   string
	report Report
}

// opened takes a file that is a loader, or those in an archive.
func (i *importing) opened(f File, err error) (Report, error) {
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Report{}, err
	}
	if err := i.file(info.Name(), f, info.Size()); err != nil {
		return i.report, fmt.Errorf("%s: %w", i.from, err)
	}
	return i.report, nil
}

func (i *importing) file(name string, r io.ReaderAt, size int64) error {
	content, why := candidate(io.NewSectionReader(r, 0, size))
	if why == nil {
		return i.take(name, i.from, content)
	}
	err := i.archive(i.from, r, size)
	if errors.Is(err, archive.ErrNone) {
		return fmt.Errorf("%w, nor an archive with some: .deb, .rpm, .tar, .zip, .iso", why)
	}
	return err
}

// archive takes the loaders in an archive.
func (i *importing) archive(from string, r io.ReaderAt, size int64) error {
	return archive.Walk(i.ctx, filepath.Base(from), r, size, func(f archive.File) error {
		content, why := candidate(f)
		if why == nil {
			why = i.take(filepath.Base(f.Name), from+": "+f.Name, content)
		}
		return i.leave(f.Name, why)
	})
}

// folder takes the loaders among the files of a folder and of those in it, and those
// in packages there. Links are followed to files, not to folders.
func (i *importing) folder(dir string) error {
	n := 0
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch n++; {
		case i.ctx.Err() != nil:
			return context.Cause(i.ctx)
		case n > folderMost:
			return fmt.Errorf("%s has more than %d files", dir, folderMost)
		case err != nil:
			return i.leave(path, err)
		case e.IsDir():
			return nil
		}
		return i.leave(path, i.inFolder(path))
	})
}

// inFolder takes a file of a folder, or what is in it if it is a package. Only regular
// files are opened: a FIFO would wait for its writer.
func (i *importing) inFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if endsIn(path, ".deb", ".rpm") {
		return i.archive(path, f, info.Size())
	}
	content, err := candidate(f)
	if err != nil {
		return err
	}
	return i.take(filepath.Base(path), path, content)
}

func endsIn(name string, endings ...string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// leave notes that a file isn't taken; why is nil for one that is.
func (i *importing) leave(name string, why error) error {
	var keep KeepError
	switch {
	case i.ctx.Err() != nil:
		return context.Cause(i.ctx)
	case why == nil:
		return nil
	case errors.As(why, &keep):
		return why
	case errors.Is(why, errNoCandidate) && !meant(name), errors.Is(why, loader.ErrUnknown) && endsIn(name, ".c32"), len(i.report.Left) == LeftMost:
		i.report.Others++
		return nil
	}
	i.report.Left = append(i.report.Left, Left{name, why.Error()})
	return nil
}

// meant tells by its name whether a file was meant to be a loader.
func meant(name string) bool {
	return endsIn(name, ".efi", ".pxe", ".kpxe", ".kkpxe", ".signed", ".stub")
}

// errNoCandidate is for files that don't begin as any loader does.
var errNoCandidate = fmt.Errorf("%w", loader.ErrUnknown)

// candidate reads what could be a loader, as a whole.
func candidate(r io.Reader) ([]byte, error) {
	head := make([]byte, loader.HeadMost)
	n, err := io.ReadFull(r, head)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	case !loader.MayBe(head[:n]):
		return nil, errNoCandidate
	}
	rest, err := io.ReadAll(io.LimitReader(r, loader.SizeMost+1-int64(n)))
	if err != nil {
		return nil, err
	}
	if content := append(bytes.Clone(head[:n]), rest...); len(content) <= loader.SizeMost {
		return content, nil
	}
	return nil, fmt.Errorf("%w: it has more than %d MiB", loader.ErrUnknown, loader.SizeMost>>20)
}
