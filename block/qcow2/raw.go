package qcow2

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
)

// raw is a raw backing file.
type raw struct {
	file     block.File
	size     int64
	writable bool
}

func newRaw(file block.File, writable bool) (*raw, error) {
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("size of a raw image: %w", err)
	}
	return &raw{file, size, writable}, nil
}

func (r *raw) begin(ctx context.Context, off, n int64, change bool) error {
	if change && !r.writable {
		return block.ErrReadOnly
	}
	if err := block.CheckRange(off, n, r.size); err != nil {
		return err
	}
	return ctx.Err()
}

func (r *raw) Size() int64 { return r.size }

func (r *raw) Caps() block.Caps {
	return block.Caps{ReadOnly: !r.writable, BlockSize: 4096, Extents: true}
}

func (r *raw) Read(ctx context.Context, p []byte, off int64) error {
	if err := r.begin(ctx, off, int64(len(p)), false); err != nil {
		return err
	}
	return readPadded(r.file, p, off)
}

func (r *raw) Write(ctx context.Context, p []byte, off int64, flags block.WriteFlags) error {
	if err := r.begin(ctx, off, int64(len(p)), true); err != nil {
		return err
	}
	_, err := r.file.WriteAt(p, off)
	if err == nil && flags&block.FUA != 0 {
		err = r.file.Sync()
	}
	return err
}

func (r *raw) Flush(context.Context) error { return r.file.Sync() }

func (r *raw) Trim(ctx context.Context, off, n int64) error { return r.begin(ctx, off, n, true) }

func (r *raw) Zero(ctx context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := r.begin(ctx, off, n, true); err != nil {
		return err
	}
	if err := writeZeros(r.file, off, n); err != nil || flags&block.ZeroFUA == 0 {
		return err
	}
	return r.file.Sync()
}

func (r *raw) Extents(ctx context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := r.begin(ctx, off, n, false); err != nil {
		return err
	}
	sparse, can := r.file.(block.SparseFile)
	for end := off + n; off < end; {
		e := block.Extent{Offset: off, Length: end - off}
		if can {
			if got, err := sparse.Next(off, end-off); err == nil && got.Offset == off && got.Length > 0 {
				e = got
			}
		}
		if !yield(e) {
			return nil
		}
		off += e.Length
	}
	return nil
}

func (r *raw) Close() error { return r.file.Close() }
