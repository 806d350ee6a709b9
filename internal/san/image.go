package san

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spurboot/spur/block"
)

// Image is what is read of an image that is open, and never changed.
type Image struct {
	io.ReaderAt
	Size int64
	io.Closer
	// File is the file of this host that has the image, from its beginning on; nil where none
	// has.
	File *os.File
}

// imageUnit is what the size of a disk is a multiple of, in bytes.
const imageUnit = 512

// imageDevice is an image as a disk, which ends with zeros where the image ends within a
// block.
type imageDevice struct{ image Image }

// Size implements block.Device.
func (d imageDevice) Size() int64 { return (d.image.Size + imageUnit - 1) / imageUnit * imageUnit }

// Caps implements block.Device.
func (imageDevice) Caps() block.Caps { return block.Caps{ReadOnly: true, BlockSize: 4096} }

// Read implements block.Device.
func (d imageDevice) Read(ctx context.Context, p []byte, off int64) error {
	if err := errors.Join(block.CheckRange(off, int64(len(p)), d.Size()), ctx.Err()); err != nil {
		return err
	}
	there := max(0, min(int64(len(p)), d.image.Size-off))
	clear(p[there:])
	n, err := d.image.ReadAt(p[:there], off)
	switch {
	case int64(n) == there:
		return nil
	case err == nil, errors.Is(err, io.EOF):
		return block.ErrGone // it was cut off
	}
	return err
}

// InFile implements block.InFile.
func (d imageDevice) InFile(off, n int64) (fd int, at int64, ok bool) {
	if d.image.File == nil || block.CheckRange(off, n, d.image.Size) != nil {
		return 0, 0, false
	}
	return int(d.image.File.Fd()), off, true
}

// Write implements block.Device.
func (imageDevice) Write(context.Context, []byte, int64, block.WriteFlags) error {
	return block.ErrReadOnly
}

// Flush implements block.Device: nothing was written.
func (imageDevice) Flush(context.Context) error { return nil }

// Trim implements block.Device.
func (imageDevice) Trim(context.Context, int64, int64) error { return block.ErrReadOnly }

// Zero implements block.Device.
func (imageDevice) Zero(context.Context, int64, int64, block.ZeroFlags) error {
	return block.ErrReadOnly
}

// Extents implements block.Device: all of it may be data.
func (d imageDevice) Extents(_ context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, d.Size()); err != nil || n == 0 {
		return err
	}
	yield(block.Extent{Offset: off, Length: n})
	return nil
}

// Close implements block.Device.
func (d imageDevice) Close() error { return d.image.Close() }
