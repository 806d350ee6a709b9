package raw

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/block"
)

const (
	// sector is what the size of a disk is a multiple of, in bytes.
	sector = 512
	// alignment is the block size, in bytes, of page caches and of disks.
	alignment = 4096
	// step is how many bytes are read or written before the context is asked
	// again, and stepOver how many are zeroed without being written.
	step     = 4 << 20
	stepOver = 1 << 30
)

// Device is a file as a block.Device.
type Device struct {
	file    block.File
	sparse  block.SparseFile    // nil if the file isn't
	durable block.DurableWriter // nil if the file isn't
	size    int64
	length  int64 // of the file when it was opened: size, or up to a sector less
	unit    int64 // of holes, in bytes
	caps    block.Caps
}

// Size implements block.Device.
func (d *Device) Size() int64 { return d.size }

// Caps implements block.Device.
func (d *Device) Caps() block.Caps { return d.caps }

// each takes a range in steps, as long as the context lasts.
func (d *Device) each(ctx context.Context, off, n, step int64, run func(off, n int64) error) error {
	if err := block.CheckRange(off, n, d.size); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		part := min(n, step)
		if err := run(off, part); err != nil {
			return err
		}
		off, n = off+part, n-part
	}
}

func (d *Device) writable() error {
	if d.caps.ReadOnly {
		return block.ErrReadOnly
	}
	return nil
}

// Read implements block.Device.
func (d *Device) Read(ctx context.Context, p []byte, off int64) error {
	return d.each(ctx, off, int64(len(p)), step, func(at, n int64) error {
		p := p[at-off:][:n]
		got, err := d.file.ReadAt(p, at)
		if ended := err; ended == io.EOF {
			clear(p[got:])
			return d.atEnd(at + n)
		}
		return err
	})
}

// InFile implements block.InFile, unless the page cache is bypassed.
func (d *Device) InFile(off, n int64) (fd int, at int64, ok bool) {
	f, ok := d.file.(*block.OSFile)
	if !ok || block.CheckRange(off, n, d.length) != nil {
		return 0, 0, false
	}
	return f.Descriptor(), off, true
}

// atEnd is nil if the file still reaches to end, or as far as it did.
func (d *Device) atEnd(end int64) error {
	size, err := d.file.Size()
	if err != nil {
		return err
	}
	if size < min(end, d.length) {
		return fmt.Errorf("%w: its file was cut to %d bytes", block.ErrGone, size)
	}
	return nil
}

// Write implements block.Device.
func (d *Device) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := d.writable(); err != nil {
		return err
	}
	write := d.file.WriteAt
	if flags&block.FUA != 0 && d.durable != nil {
		write = d.durable.WriteDurable
	}
	err := d.each(ctx, off, int64(len(p)), step, func(at, n int64) error {
		_, err := write(p[at-off:][:n], at)
		return err
	})
	if err == nil && flags&block.FUA != 0 && d.durable == nil {
		err = d.file.Sync()
	}
	return err
}

// Flush implements block.Device.
func (d *Device) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || d.caps.ReadOnly {
		return err
	}
	return d.file.Sync()
}

// Trim implements block.Device, by holes; without them it does nothing.
func (d *Device) Trim(ctx context.Context, off, n int64) error {
	if err := d.writable(); err != nil {
		return err
	}
	if !d.caps.Trim {
		return d.each(ctx, off, n, stepOver, func(int64, int64) error { return nil })
	}
	return d.zero(ctx, off, n, 0)
}

// Zero implements block.Device, by the quickest way that the file knows.
func (d *Device) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := d.writable(); err != nil {
		return err
	}
	err := d.zero(ctx, off, n, flags)
	if err == nil && flags&block.ZeroFUA != 0 {
		err = d.file.Sync()
	}
	return err
}

// zero makes a range zero, by writing only where nothing else does it. What a
// file could do when it was opened it may refuse later: Linux finds out about
// some disks by trying.
func (d *Device) zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	write := func(off, n int64) error { return d.each(ctx, off, n, int64(len(zeros)), d.writeZeros) }
	return d.each(ctx, off, n, stepOver, func(off, n int64) error {
		start, end := (off+d.unit-1)/d.unit*d.unit, (off+n)/d.unit*d.unit
		if d.sparse == nil || start >= end {
			return write(off, n)
		}
		err := d.zeroBlocks(start, end-start, flags)
		if errors.Is(err, errors.ErrUnsupported) {
			return write(off, n)
		}
		if err == nil {
			err = write(off, start-off)
		}
		if err == nil {
			err = write(end, off+n-end)
		}
		return err
	})
}

func (d *Device) zeroBlocks(off, n int64, flags block.ZeroFlags) error {
	if flags&block.NoHole == 0 && d.caps.Trim {
		return d.sparse.PunchHole(off, n)
	}
	return d.sparse.ZeroRange(off, n)
}

var zeros [1 << 20]byte

func (d *Device) writeZeros(off, n int64) error {
	_, err := d.file.WriteAt(zeros[:n], off)
	return err
}

// Extents implements block.Device. Space that was set aside and never written
// is called a hole.
func (d *Device) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, d.size); err != nil {
		return err
	}
	if err := d.atEnd(off + n); err != nil { // what was cut off isn't a hole
		return err
	}
	for end := off + n; off < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := d.next(off, end-off)
		if err != nil {
			return err
		}
		if !yield(e) {
			return nil
		}
		off += e.Length
	}
	return ctx.Err()
}

func (d *Device) next(off, n int64) (block.Extent, error) {
	if !d.caps.Extents || off >= d.length { // what was written behind the end isn't known
		return block.Extent{Offset: off, Length: n}, nil
	}
	n = min(n, d.length-off)
	e, err := d.sparse.Next(off, n)
	if err == nil && (e.Length <= 0 || e.Length > n) {
		err = fmt.Errorf("%w: an extent of %d bytes at %d", block.ErrGone, e.Length, off)
	}
	return e, err
}

// Close implements block.Device, and closes the file.
func (d *Device) Close() error { return d.file.Close() }
