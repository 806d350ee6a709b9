package block

import (
	"context"
	"io"
)

// FileOf returns a device as a File that can only be read, so that an image which
// is kept on it, on a partition or at a URL say, can be opened. Formats read their
// files without a context: ctx is the one that each read gets, so it has to last
// as long as the image is open, and ends reads that are stalled. Closing the File
// closes the device.
func FileOf(ctx context.Context, d Device) File { return deviceFile{ctx, d} }

type deviceFile struct {
	ctx context.Context
	Device
}

// ReadAt implements io.ReaderAt.
func (f deviceFile) ReadAt(p []byte, off int64) (int, error) {
	size := f.Device.Size()
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), size-off)
	if err := f.Read(f.ctx, p[:n], off); err != nil {
		return 0, err
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// Size implements File.
func (f deviceFile) Size() (int64, error) { return f.Device.Size(), nil }

// WriteAt implements io.WriterAt.
func (deviceFile) WriteAt([]byte, int64) (int, error) { return 0, ErrReadOnly }

// Truncate implements File.
func (deviceFile) Truncate(int64) error { return ErrReadOnly }

// Sync implements File.
func (deviceFile) Sync() error { return nil }

// FileOfReader returns what a reader of a known size has as a File that can only be
// read. Closing the File does nothing.
func FileOfReader(r io.ReaderAt, size int64) File { return readerFile{r, size} }

type readerFile struct {
	io.ReaderAt
	size int64
}

// Size implements Source.
func (f readerFile) Size() (int64, error) { return f.size, nil }

// WriteAt implements io.WriterAt.
func (readerFile) WriteAt([]byte, int64) (int, error) { return 0, ErrReadOnly }

// Truncate implements File.
func (readerFile) Truncate(int64) error { return ErrReadOnly }

// Sync implements File.
func (readerFile) Sync() error { return nil }

// Close implements io.Closer.
func (readerFile) Close() error { return nil }
