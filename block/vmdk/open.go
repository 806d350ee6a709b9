package vmdk

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// Options say how Open opens an image.
type Options struct {
	// Extent opens a file that a descriptor names. The name may be anyone's:
	// never open it without a look. The file is closed with the device.
	// Without this function images of several files are refused.
	Extent func(ctx context.Context, name string) (block.Source, error)
	// Parent opens the parent of an image that has one, with the same care.
	// It is closed with the device. Without this function such images are
	// refused.
	Parent func(ctx context.Context, name string) (block.Device, error)
}

// Open opens an image for reading. The context is for opening alone. The file,
// and what the options opened, are closed with the device; when Open fails the
// file stays the caller's, open.
func Open(ctx context.Context, file block.Source, options Options) (*imagemap.Device, error) {
	image := &image{main: file, options: options}
	d, err := image.open(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open VMDK image: %w", err), image.closeOthers())
	}
	return d, nil
}

// image is the extents of an image, one after the other.
type image struct {
	options Options
	main    block.Source
	others  []block.Source
	extents []extent
}

type extent struct {
	start, size int64
	lookup      imagemap.Lookup
}

func (i *image) open(ctx context.Context) (*imagemap.Device, error) {
	length, err := i.main.Size()
	if err != nil {
		return nil, err
	}
	first := make([]byte, 4)
	if err := imagemap.ReadFull(i.main, first, 0); err != nil {
		return nil, err
	}
	var d descriptor
	switch string(first) {
	case magic:
		d, err = i.openSingle(length)
	case magicCOWD:
		err = errCOWD
	default:
		d, err = i.openSeveral(ctx, length)
	}
	if err != nil {
		return nil, err
	}
	config := imagemap.Config{Size: i.size(), File: i, Lookup: i.lookup, ID: d.id}
	if !d.differs {
		return imagemap.New(config), nil
	}
	if i.options.Parent == nil {
		return nil, fmt.Errorf("it needs its parent %.200q, and no parents are allowed", d.parent)
	}
	config.Parent, err = i.options.Parent(ctx, d.parent)
	if err != nil {
		return nil, fmt.Errorf("open its parent %.200q: %w", d.parent, err)
	}
	if err := imagemap.CheckParent(config.Parent, d.over); err != nil {
		return nil, errors.Join(err, config.Parent.Close())
	}
	return imagemap.New(config), nil
}

// openSingle opens a sparse file that is the whole image, with its descriptor.
func (i *image) openSingle(length int64) (descriptor, error) {
	s, err := openSparse(i.main, length)
	if err != nil {
		return descriptor{}, err
	}
	i.add(s.header.capacity, s.lookup)
	if s.header.descriptorSize == 0 {
		return descriptor{}, nil
	}
	text := make([]byte, s.header.descriptorSize)
	if err := imagemap.ReadFull(i.main, text, s.header.descriptor); err != nil {
		return descriptor{}, err
	}
	return parseDescriptor(text)
}

func (i *image) openSeveral(ctx context.Context, length int64) (descriptor, error) {
	if length > mostDescriptor {
		return descriptor{}, fmt.Errorf("%w: neither a sparse file nor a descriptor", imagemap.ErrDamaged)
	}
	text := make([]byte, length)
	if err := imagemap.ReadFull(i.main, text, 0); err != nil {
		return descriptor{}, err
	}
	d, err := parseDescriptor(text)
	if err != nil {
		return d, err
	}
	for _, line := range d.extents {
		if err := i.openExtent(ctx, line); err != nil {
			return d, fmt.Errorf("extent %.200q: %w", line.name, err)
		}
	}
	return d, nil
}

func (i *image) openExtent(ctx context.Context, line extentLine) error {
	size := line.sectors * sector
	if line.kind == "ZERO" {
		i.add(size, func(_ context.Context, _, n int64) (imagemap.Piece, error) { return imagemap.Piece{Length: n}, nil })
		return nil
	}
	switch line.kind {
	case "FLAT", "VMFS", "SPARSE":
	case "VMFSSPARSE":
		return errCOWD
	default:
		return fmt.Errorf("its type %.20q is unknown", line.kind)
	}
	if i.options.Extent == nil {
		return errors.New("it is another file, and none are allowed")
	}
	file, err := i.options.Extent(ctx, line.name)
	if err != nil {
		return err
	}
	i.others = append(i.others, file)
	length, err := file.Size()
	if err != nil {
		return err
	}
	if line.kind == "SPARSE" {
		s, err := openSparse(file, length)
		if err == nil && s.header.capacity < size {
			err = fmt.Errorf("%w: %d bytes, not %d", imagemap.ErrDamaged, s.header.capacity, size)
		}
		if err != nil {
			return err
		}
		i.add(size, s.lookup)
		return nil
	}
	if err := block.CheckRange(line.offset*sector, size, length); err != nil {
		return fmt.Errorf("%w: %w", imagemap.ErrDamaged, err)
	}
	i.add(size, func(_ context.Context, off, n int64) (imagemap.Piece, error) {
		return imagemap.Piece{Where: imagemap.InFile, File: file, Offset: line.offset*sector + off, Length: n}, nil
	})
	return nil
}

func (i *image) size() int64 {
	if len(i.extents) == 0 {
		return 0
	}
	last := i.extents[len(i.extents)-1]
	return last.start + last.size
}

// add appends an extent. At most 1024 of 2^43 sectors don't overflow.
func (i *image) add(size int64, lookup imagemap.Lookup) {
	if size > 0 {
		i.extents = append(i.extents, extent{start: i.size(), size: size, lookup: lookup})
	}
}

func (i *image) lookup(ctx context.Context, off, n int64) (imagemap.Piece, error) {
	at := sort.Search(len(i.extents), func(k int) bool { return i.extents[k].start > off }) - 1
	e := i.extents[at]
	return e.lookup(ctx, off-e.start, min(n, e.start+e.size-off))
}

// ReadAt, Size and Close make the files one, as far as that matters: pieces
// name the file that they are in.
func (i *image) ReadAt(p []byte, off int64) (int, error) { return i.main.ReadAt(p, off) }

func (i *image) Size() (int64, error) { return i.main.Size() }

func (i *image) Close() error { return errors.Join(i.main.Close(), i.closeOthers()) }

func (i *image) closeOthers() error {
	var errs []error
	for _, file := range i.others {
		errs = append(errs, file.Close())
	}
	i.others = nil
	return errors.Join(errs...)
}
