//go:build !linux

package block

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// OSFile is a file of the operating system. On this one it has no holes, takes
// no locks, and a durable write is a write and a sync.
type OSFile struct{ file *os.File }

// OpenFile opens a file.
func OpenFile(name string, options FileOptions) (*OSFile, error) {
	if options.Direct {
		return nil, fmt.Errorf("open %s without the page cache: %w", name, errors.ErrUnsupported)
	}
	flags, err := options.flags()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	file, err := os.OpenFile(name, flags, options.mode())
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("open %s: it is a directory", name)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &OSFile{file}, nil
}

// Direct says whether it was opened by FileOptions.Direct.
func (f *OSFile) Direct() bool { return false }

// Descriptor is valid until Close.
func (f *OSFile) Descriptor() int { return int(f.file.Fd()) }

// Name is the name that the file was opened by.
func (f *OSFile) Name() string { return f.file.Name() }

// ReadAt implements io.ReaderAt.
func (f *OSFile) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// WriteAt implements io.WriterAt.
func (f *OSFile) WriteAt(p []byte, off int64) (int, error) { return f.file.WriteAt(p, off) }

// WriteDurable implements DurableWriter.
func (f *OSFile) WriteDurable(p []byte, off int64) (int, error) {
	n, err := f.file.WriteAt(p, off)
	if err != nil {
		return n, err
	}
	return n, f.file.Sync()
}

// Sync implements File.
func (f *OSFile) Sync() error { return f.file.Sync() }

// Truncate implements File.
func (f *OSFile) Truncate(size int64) error { return f.file.Truncate(size) }

// Size implements File.
func (f *OSFile) Size() (int64, error) { return f.file.Seek(0, io.SeekEnd) }

// PunchHole implements SparseFile.
func (f *OSFile) PunchHole(int64, int64) error { return errors.ErrUnsupported }

// ZeroRange implements SparseFile.
func (f *OSFile) ZeroRange(int64, int64) error { return errors.ErrUnsupported }

// Next implements SparseFile.
func (f *OSFile) Next(int64, int64) (Extent, error) { return Extent{}, errors.ErrUnsupported }

// Close implements io.Closer.
func (f *OSFile) Close() error { return f.file.Close() }
