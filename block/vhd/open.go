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
	"github.com/spurboot/spur/block/mapped"
)

// Options say how Open opens an image.
type Options struct {
	// Parent opens the parent of a differencing image. The name is the one
	// in the image, which may be anyone's: never open it without a look. The
	// image's device closes the parent. Without this function differencing
	// images are refused.
	Parent func(name string) (block.Device, error)
}

// Open opens an image for reading. Closing the device closes the file; when
// Open fails, the file stays open.
func Open(file mapped.Source, options Options) (*mapped.Device, error) {
	length, err := file.Size()
	if err != nil {
		return nil, err
	}
	f, end, err := findFooter(file, length)
	if err != nil {
		return nil, fmt.Errorf("open VHD image: %w", err)
	}
	config := mapped.Config{Size: f.size, File: file, ID: hex.EncodeToString(f.unique[:])}
	switch f.kind {
	case fixed:
		// Virtual PC's geometry may say less than there is, never more.
		if f.size > end {
			return nil, fmt.Errorf("open VHD image: %w: a disk of %d bytes in a file of %d", mapped.ErrDamaged, f.size, length)
		}
		config.Lookup = func(_ context.Context, off, n int64) (mapped.Piece, error) {
			return mapped.Piece{Where: mapped.InFile, Offset: off, Length: n}, nil
		}
	case dynamic, differencing:
		err = openSparse(&config, f, length, options)
	default:
		err = fmt.Errorf("%w: disk type %d is unknown", mapped.ErrDamaged, f.kind)
	}
	if err != nil {
		return nil, fmt.Errorf("open VHD image: %w", err)
	}
	return mapped.New(config), nil
}

// findFooter reads the footer at the end, or its copy at the start. The end may
// have been cut by one byte, which old Virtual PCs did to theirs.
func findFooter(file mapped.Source, length int64) (f footer, end int64, err error) {
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
				return f, 0, fmt.Errorf("%w: the footer of a fixed disk is missing at the end", mapped.ErrDamaged)
			}
			return f, at, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%w: no VHD footer", mapped.ErrDamaged)
	}
	return f, 0, err
}

func openSparse(config *mapped.Config, f footer, length int64, options Options) error {
	p := make([]byte, 1024)
	if err := mapped.ReadFull(config.File, p, f.header); err != nil {
		return err
	}
	h, err := parseHeader(p, f.size)
	if err != nil {
		return err
	}
	if h.table+h.entries*4 > length {
		return fmt.Errorf("%w: its table is beyond the end of the file", mapped.ErrDamaged)
	}
	raw := make([]byte, h.entries*4)
	if err := mapped.ReadFull(config.File, raw, h.table); err != nil {
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
	config.Parent, err = options.Parent(h.parent)
	if err != nil {
		return fmt.Errorf("open its parent %q: %w", h.parent, err)
	}
	if err := mapped.CheckParent(config.Parent, hex.EncodeToString(h.parentID[:])); err != nil {
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
