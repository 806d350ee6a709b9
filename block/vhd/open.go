package vhd

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// Options say how Open opens an image.
type Options struct {
	// Parent opens the parent of a differencing image. The name is the one in
	// the image, which may be anyone's: never open it without a look. The
	// parent is closed with the device. Without this function differencing
	// images are refused.
	Parent func(ctx context.Context, name string) (block.Device, error)
}

// Open opens an image for reading. The context is for opening alone. The file,
// and the parent, are closed with the device; when Open fails the file stays
// the caller's, open.
func Open(ctx context.Context, file block.Source, options Options) (*imagemap.Device, error) {
	length, err := file.Size()
	if err != nil {
		return nil, err
	}
	f, end, err := findFooter(file, length)
	if err != nil {
		return nil, fmt.Errorf("open VHD image: %w", err)
	}
	config := imagemap.Config{Size: f.size, File: file, ID: hex.EncodeToString(f.unique[:])}
	switch f.kind {
	case fixed:
		// Virtual PC's geometry may say less than there is, never more.
		if f.size > end {
			return nil, fmt.Errorf("open VHD image: %w: a disk of %d bytes in a file of %d", imagemap.ErrDamaged, f.size, length)
		}
		config.Lookup = func(_ context.Context, off, n int64) (imagemap.Piece, error) {
			return imagemap.Piece{Where: imagemap.InFile, Offset: off, Length: n}, nil
		}
	case dynamic, differencing:
		err = openSparse(ctx, &config, f, length, options)
	default:
		err = fmt.Errorf("%w: disk type %d is unknown", imagemap.ErrDamaged, f.kind)
	}
	if err != nil {
		return nil, fmt.Errorf("open VHD image: %w", err)
	}
	return imagemap.New(config), nil
}

// findFooter reads the footer at the end, or its copy at the start. The end may
// have been cut by one byte, which old Virtual PCs did to theirs.
func findFooter(file block.Source, length int64) (f footer, end int64, err error) {
	for _, at := range []int64{length - footerSize, length - footerSize + 1, 0} {
		p := make([]byte, footerSize)
		if at < 0 {
			continue
		}
		n, readErr := file.ReadAt(p[:min(footerSize, length-at)], at)
		if n < footerSize-1 {
			if readErr != nil && readErr != io.EOF {
				err = readErr
			}
			continue
		}
		if !isFooter(p) {
			continue
		}
		if f, err = parseFooter(p); err == nil {
			if at == 0 && f.kind == fixed {
				return f, 0, fmt.Errorf("%w: the footer of a fixed disk is missing at the end", imagemap.ErrDamaged)
			}
			return f, at, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%w: no VHD footer", imagemap.ErrDamaged)
	}
	return f, 0, err
}

func openSparse(ctx context.Context, config *imagemap.Config, f footer, length int64, options Options) error {
	p := make([]byte, 1024)
	if err := imagemap.ReadFull(config.File, p, f.header); err != nil {
		return err
	}
	h, err := parseHeader(p, f.size)
	if err != nil {
		return err
	}
	if h.table+h.entries*4 > length {
		return fmt.Errorf("%w: its table is beyond the end of the file", imagemap.ErrDamaged)
	}
	raw := make([]byte, h.entries*4)
	if err := imagemap.ReadFull(config.File, raw, h.table); err != nil {
		return err
	}
	s := &sparse{file: config.File, header: h, length: length, table: make([]uint32, h.entries)}
	for i := range s.table {
		s.table[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
	config.Lookup = s.lookup
	if f.kind == dynamic {
		return nil
	}
	s.differs = true
	if options.Parent == nil {
		return fmt.Errorf("it needs its parent %q, and no parents are allowed", h.parent)
	}
	config.Parent, err = options.Parent(ctx, h.parent)
	if err != nil {
		return fmt.Errorf("open its parent %q: %w", h.parent, err)
	}
	if err := imagemap.CheckParent(config.Parent, hex.EncodeToString(h.parentID[:])); err != nil {
		return errors.Join(err, config.Parent.Close())
	}
	return nil
}

func utf16String(p []byte, order binary.ByteOrder) string {
	var units []uint16
	for ; len(p) >= 2; p = p[2:] {
		u := order.Uint16(p)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
