package raw

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Options say how a file is opened.
type Options struct {
	// ReadOnly has the device refuse every change.
	ReadOnly bool
}

// CreateOptions say what Create makes.
type CreateOptions struct {
	// Size of the disk, in bytes.
	Size int64
}

// Create makes a disk of zeros of a file, all of it a hole; the file loses what it
// had. The disk is durable when Create returns. The file stays the caller's, open.
func Create(file block.File, o CreateOptions) error {
	if o.Size < 0 {
		return fmt.Errorf("a disk of %d bytes: %w", o.Size, block.ErrOutOfRange)
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	if err := file.Truncate(o.Size); err != nil {
		return err
	}
	return file.Sync()
}

// OpenFile opens the file, or the block device, of that name as Open does, and
// locks it against other programs.
func OpenFile(name string, o Options) (*Device, error) {
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: o.ReadOnly})
	if err != nil {
		return nil, err
	}
	d, err := Open(context.Background(), file, o)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return d, nil
}

// Open opens a file, or a block device, as a device of the size that it has. A
// size that is no multiple of 512 bytes is rounded up to one, as in QEMU: the
// device ends with zeros, and a write to them makes the file longer.
//
// The context is for opening alone, which reads nothing of the file. The file is
// closed with the device; when Open fails it stays the caller's, open.
//
// A file that was opened with block.FileOptions.Direct must have a size that is a
// multiple of 4096 bytes. What isn't aligned so costs a copy, and writes of it
// happen one at a time.
func Open(_ context.Context, file block.File, options Options) (*Device, error) {
	length, err := file.Size()
	if err != nil {
		return nil, err
	}
	if f, is := file.(*block.OSFile); is && f.Direct() {
		if length%alignment != 0 {
			return nil, fmt.Errorf("open %s: its size of %d bytes is no multiple of %d, which O_DIRECT needs", f.Name(), length, alignment)
		}
		file = &aligned{OSFile: f}
	}
	return newDevice(file, length, options.ReadOnly), nil
}

func newDevice(file block.File, length int64, readOnly bool) *Device {
	size := (length + sector - 1) / sector * sector
	d := &Device{file: file, size: size, length: length, unit: 1, caps: block.Caps{ReadOnly: readOnly, BlockSize: alignment}}
	d.sparse, _ = file.(block.SparseFile)
	d.durable, _ = file.(block.DurableWriter)
	if f, ok := file.(interface{ HoleUnit() int64 }); ok {
		d.unit = f.HoleUnit()
	}
	if d.sparse != nil {
		_, err := d.sparse.Next(0, min(length, 1))
		d.caps.Extents = err == nil
	}
	if readOnly {
		return d
	}
	d.caps.FUA = d.durable != nil
	d.caps.Trim = d.sparse != nil && punches(d.sparse, size)
	d.caps.TrimZeroes, d.caps.Zero = d.caps.Trim, d.caps.Trim
	return d
}

// punches tries to make a hole where nothing is, beyond the end. A block device
// refuses that place, not the hole.
func punches(file block.SparseFile, size int64) bool {
	beyond := (size + alignment - 1) &^ (alignment - 1)
	return !errors.Is(file.PunchHole(beyond, alignment), errors.ErrUnsupported)
}
