package vhdx

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// Options say how Open opens an image.
type Options struct {
	// Parent opens the parent of a differencing image. The locator is what
	// the image says of it: keys such as relative_path, volume_path,
	// absolute_win32_path and parent_linkage. It may be anyone's: never open
	// what it says without a look. The parent is closed with the device.
	// Without this function differencing images are refused.
	Parent func(ctx context.Context, locator map[string]string) (block.Device, error)
}

// Open opens an image for reading. The context is for opening alone. The file,
// and the parent, are closed with the device; when Open fails the file stays
// the caller's, open.
func Open(ctx context.Context, file block.Source, options Options) (*imagemap.Device, error) {
	d, err := open(ctx, file, options)
	if err != nil {
		return nil, fmt.Errorf("open VHDX image: %w", err)
	}
	return d, nil
}

func open(ctx context.Context, file block.Source, options Options) (*imagemap.Device, error) {
	length, err := file.Size()
	if err != nil {
		return nil, err
	}
	header, err := readHeader(file)
	if err != nil {
		return nil, err
	}
	file, err = replay(file, header, length)
	if err != nil {
		return nil, err
	}
	length, err = file.Size()
	if err != nil {
		return nil, err
	}
	found, err := regions(file, length)
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(file, found[metadataRegion])
	if err != nil {
		return nil, err
	}
	b := &blocks{file: file, metadata: m, length: length, ratio: (m.sector << 23) / m.blockSize}
	if err := b.readTable(found[batRegion]); err != nil {
		return nil, err
	}
	config := imagemap.Config{Size: m.size, File: file, Lookup: b.lookup, ID: guidText([16]byte(header[32:48]))}
	if !m.hasParent {
		return imagemap.New(config), nil
	}
	if options.Parent == nil {
		return nil, fmt.Errorf("it needs its parent %.300q, and no parents are allowed", m.parent)
	}
	config.Parent, err = options.Parent(ctx, m.parent)
	if err != nil {
		return nil, fmt.Errorf("open its parent: %w", err)
	}
	if err := checkParent(config.Parent, m.parent); err != nil {
		return nil, errors.Join(err, config.Parent.Close())
	}
	return imagemap.New(config), nil
}

// checkParent sees that a parent is by one of the two names for its contents,
// its DataWriteGuid, the one that is meant (MS-VHDX 2.6.2.6.3).
func checkParent(parent block.Device, locator map[string]string) error {
	err := imagemap.CheckParent(parent, strings.Trim(locator["parent_linkage"], "{}"))
	if other := strings.Trim(locator["parent_linkage2"], "{}"); err != nil && other != "" {
		return imagemap.CheckParent(parent, other)
	}
	return err
}

// readTable reads the block allocation table: after each chunk of ratio blocks
// it has an entry for a bitmap (MS-VHDX 2.5).
func (b *blocks) readTable(r region) error {
	count := (b.size + b.blockSize - 1) / b.blockSize
	if count > 0 {
		count += (count - 1) / b.ratio
	}
	if b.hasParent && count > 0 { // the bitmap of the last chunk is there too
		chunks := (b.size + b.blockSize*b.ratio - 1) / (b.blockSize * b.ratio)
		count = chunks * (b.ratio + 1)
	}
	if count*8 > r.length || count*8 > mostBAT {
		return fmt.Errorf("%w: a table of %d bytes for %d blocks", imagemap.ErrDamaged, r.length, count)
	}
	raw := make([]byte, count*8)
	if err := imagemap.ReadFull(b.file, raw, r.off); err != nil {
		return err
	}
	b.table = make([]uint64, count)
	for i := range b.table {
		b.table[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return nil
}

var errNoBitmap = errors.New("a block is partly the parent's, and the bitmap of it is missing")
