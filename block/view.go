package block

import (
	"context"
	"fmt"
)

// ReadOnly returns a view of d that refuses every change. Closing it closes d.
func ReadOnly(d Device) Device { return readOnly{d} }

type readOnly struct{ Device }

func (r readOnly) Caps() Caps {
	caps := r.Device.Caps()
	return Caps{ReadOnly: true, BlockSize: caps.BlockSize, Extents: caps.Extents}
}

func (r readOnly) Write(context.Context, []byte, int64, WriteFlags) error { return ErrReadOnly }

func (r readOnly) Trim(context.Context, int64, int64) error { return ErrReadOnly }

func (r readOnly) Zero(context.Context, int64, int64, ZeroFlags) error { return ErrReadOnly }

// Flush has nothing to make durable, and doesn't wait for what others wrote.
func (r readOnly) Flush(ctx context.Context) error { return ctx.Err() }

// InFile implements block.InFile where d does.
func (r readOnly) InFile(off, n int64) (fd int, at int64, ok bool) {
	return inFile(r.Device, off, n)
}

func inFile(d Device, off, n int64) (fd int, at int64, ok bool) {
	if d, is := d.(InFile); is {
		return d.InFile(off, n)
	}
	return 0, 0, false
}

// Section returns a view of size bytes of d from off, such as a partition.
// Closing it closes d.
func Section(d Device, off, size int64) (Device, error) {
	if err := CheckRange(off, size, d.Size()); err != nil {
		return nil, fmt.Errorf("section: %w", err)
	}
	return &section{dev: d, base: off, size: size}, nil
}

type section struct {
	dev        Device
	base, size int64
}

func (s *section) Size() int64 { return s.size }

func (s *section) Caps() Caps { return s.dev.Caps() }

func (s *section) Read(ctx context.Context, p []byte, off int64) error {
	if err := CheckRange(off, int64(len(p)), s.size); err != nil {
		return err
	}
	return s.dev.Read(ctx, p, s.base+off)
}

// InFile implements block.InFile where the device does.
func (s *section) InFile(off, n int64) (fd int, at int64, ok bool) {
	if CheckRange(off, n, s.size) != nil {
		return 0, 0, false
	}
	return inFile(s.dev, s.base+off, n)
}

func (s *section) Write(ctx context.Context, p []byte, off int64, flags WriteFlags) error {
	if err := CheckRange(off, int64(len(p)), s.size); err != nil {
		return err
	}
	return s.dev.Write(ctx, p, s.base+off, flags)
}

func (s *section) Flush(ctx context.Context) error { return s.dev.Flush(ctx) }

func (s *section) Trim(ctx context.Context, off, n int64) error {
	if err := CheckRange(off, n, s.size); err != nil {
		return err
	}
	return s.dev.Trim(ctx, s.base+off, n)
}

func (s *section) Zero(ctx context.Context, off, n int64, flags ZeroFlags) error {
	if err := CheckRange(off, n, s.size); err != nil {
		return err
	}
	return s.dev.Zero(ctx, s.base+off, n, flags)
}

func (s *section) Extents(ctx context.Context, off, n int64, yield func(Extent) bool) error {
	if err := CheckRange(off, n, s.size); err != nil {
		return err
	}
	return s.dev.Extents(ctx, s.base+off, n, func(e Extent) bool {
		e.Offset -= s.base
		return yield(e)
	})
}

func (s *section) Close() error { return s.dev.Close() }
