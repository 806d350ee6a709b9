package raw

import (
	"errors"
	"fmt"
	"os"

	"github.com/spurboot/spur/block"
)

// Options say how Open opens a file.
type Options struct {
	// ReadOnly opens it for reading only.
	ReadOnly bool
	// Shared takes no lock: the caller knows what others do to the file.
	Shared bool
	// Direct bypasses the page cache (O_DIRECT). The size must then be a
	// multiple of 4096 bytes. What isn't aligned so costs a copy, and writes
	// of it happen one at a time.
	Direct bool
}

// Create makes a sparse file of size bytes, all zero. It fails if there is one.
func Create(name string, size int64) error {
	if size < 0 {
		return fmt.Errorf("create %s: a size of %d bytes", name, size)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = errors.Join(file.Truncate(size), file.Sync(), file.Close())
	if err != nil {
		_ = os.Remove(name)
	}
	return err
}

// Open opens a file, or a block device, as a device of its size; see New.
func Open(name string, options Options) (*Device, error) {
	file, err := block.OpenFile(name, block.FileOptions{
		ReadOnly: options.ReadOnly, Shared: options.Shared, Direct: options.Direct,
	})
	if err != nil {
		return nil, err
	}
	var f block.File = file
	if options.Direct {
		f = &aligned{OSFile: file}
	}
	d, err := New(f, options.ReadOnly)
	if err == nil && options.Direct && d.length%alignment != 0 {
		err = fmt.Errorf("open %s: its size of %d bytes is no multiple of %d, which O_DIRECT needs", name, d.length, alignment)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return d, nil
}

// New returns a device over a file, of the size that the file has now. Where that
// is no multiple of 512 bytes the device ends with zeros up to one, as it does in
// QEMU, and a write to them makes the file longer. Closing the device closes the
// file.
func New(file block.File, readOnly bool) (*Device, error) {
	length, err := file.Size()
	if err != nil {
		return nil, err
	}
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
		return d, nil
	}
	d.caps.FUA = d.durable != nil
	d.caps.Trim = d.sparse != nil && punches(d.sparse, size)
	d.caps.TrimZeroes, d.caps.Zero = d.caps.Trim, d.caps.Trim
	return d, nil
}

// punches tries to make a hole where nothing is, beyond the end. A block device
// refuses that place, not the hole.
func punches(file block.SparseFile, size int64) bool {
	beyond := (size + alignment - 1) &^ (alignment - 1)
	return !errors.Is(file.PunchHole(beyond, alignment), errors.ErrUnsupported)
}
