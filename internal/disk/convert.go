package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// ConvertOptions say how Convert writes.
type ConvertOptions struct {
	// From is the source's format; "" is to look.
	From Format
	// To is the new file's format; "" is qcow2.
	To Format
	// Allow is for backing files of the source; see Options.
	Allow []string
}

const (
	window = 256 << 20 // bytes whose extents are listed at once
	piece  = 1 << 20   // bytes that are copied at once
	grain  = 4 << 10   // bytes that are left out where they are zero
)

// Convert copies a disk, from a file or a URL, into a new file without a
// backing file. What is zero takes no space.
func Convert(ctx context.Context, from, to string, o ConvertOptions) error {
	src, err := Open(ctx, from, Options{ReadOnly: true, Format: o.From, Allow: o.Allow})
	if err != nil {
		return err
	}
	defer src.Close()
	if o.To == "" {
		o.To = Qcow2
	}
	if err := Create(ctx, to, CreateOptions{Size: src.Size(), Format: o.To}); err != nil {
		return err
	}
	dst, err := Open(ctx, to, Options{Format: o.To})
	if err != nil {
		return discard(to, err)
	}
	err = copyDisk(ctx, dst, src)
	return discard(to, errors.Join(err, closeDisk(dst)))
}

// copyDisk copies what isn't zero to a disk that is all zero.
func copyDisk(ctx context.Context, dst, src block.Device) error {
	buffer := make([]byte, piece)
	for off := int64(0); off < src.Size(); off += window {
		data, err := dataIn(ctx, src, off, min(window, src.Size()-off))
		if err != nil {
			return err
		}
		for _, e := range data {
			if err := copyRange(ctx, dst, src, e.Offset, e.Length, buffer); err != nil {
				return err
			}
		}
	}
	return nil
}

// dataIn lists the extents of a range that may be other than zero. It ends
// before the first is read, because a device may hold locks meanwhile.
func dataIn(ctx context.Context, src block.Device, off, n int64) ([]block.Extent, error) {
	var data []block.Extent
	err := src.Extents(ctx, off, n, func(e block.Extent) bool {
		if !e.Zero {
			data = append(data, e)
		}
		return true
	})
	return data, err
}

func copyRange(ctx context.Context, dst, src block.Device, off, n int64, buffer []byte) error {
	for n > 0 {
		p := buffer[:min(n, int64(len(buffer)))]
		if err := src.Read(ctx, p, off); err != nil {
			return fmt.Errorf("read %d bytes at %d: %w", len(p), off, err)
		}
		if err := writeData(ctx, dst, p, off); err != nil {
			return fmt.Errorf("write %d bytes at %d: %w", len(p), off, err)
		}
		off, n = off+int64(len(p)), n-int64(len(p))
	}
	return nil
}

// writeData writes the runs of p that aren't zero.
func writeData(ctx context.Context, dst block.Device, p []byte, off int64) error {
	for len(p) > 0 {
		zeros, data := runs(p)
		if data > zeros {
			if err := dst.Write(ctx, p[zeros:data], off+int64(zeros), 0); err != nil {
				return err
			}
		}
		p, off = p[data:], off+int64(data)
	}
	return nil
}

// runs measures the zeros that p begins with, and where the data behind them
// end, in grains.
func runs(p []byte) (zeros, data int) {
	empty := make([]byte, grain)
	isZero := func(at int) bool {
		g := p[at:min(at+grain, len(p))]
		return bytes.Equal(g, empty[:len(g)])
	}
	for zeros < len(p) && isZero(zeros) {
		zeros += grain
	}
	zeros = min(zeros, len(p))
	for data = zeros; data < len(p) && !isZero(data); {
		data += grain
	}
	return zeros, min(data, len(p))
}
