package vmdk

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/mapped"
)

// Options say how Open opens an image.
type Options struct {
	// Extent opens a file that a descriptor names. The name may be anyone's:
	// never open it without a look. The image's device closes the file.
	// Without this function images of several files are refused.
	Extent func(name string) (mapped.Source, error)
	// Parent opens the parent of an image that has one, with the same care.
	// The image's device closes it. Without this function such images are
	// refused.
	Parent func(name string) (block.Device, error)
}

// Open opens an image for reading. Closing the device closes the file and what
// the options opened; when Open fails, file stays open.
func Open(file mapped.Source, options Options) (*mapped.Device, error) {
	image := &image{main: file, options: options}
	d, err := image.open()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open VMDK image: %w", err), image.closeOthers())
	}
	return d, nil
}

// image is the extents of an image, one after the other.
type image struct {
	options Options
	main    mapped.Source
	others  []mapped.Source
	extents []extent
}

type extent struct {
	start, size int64
	lookup      mapped.Lookup
}

func (i *image) open() (*mapped.Device, error) {
	length, err := i.main.Size()
	if err != nil {
		return nil, err
	}
	first := make([]byte, 4)
	if err := mapped.ReadFull(i.main, first, 0); err != nil {
		return nil, err
	}
	var d descriptor
	switch string(first) {
	case magic:
		d, err = i.openSingle(length)
	case magicCOWD:
		err = errCOWD
	default:
		d, err = i.openSeveral(length)
	}
	if err != nil {
		return nil, err
	}
	config := mapped.Config{Size: i.size(), File: i, Lookup: i.lookup, ID: d.id}
	if !d.differs {
		return mapped.New(config), nil
	}
	if i.options.Parent == nil {
		return nil, fmt.Errorf("it needs its parent %.200q, and no parents are allowed", d.parent)
	}
	config.Parent, err = i.options.Parent(d.parent)
	if err != nil {
		return nil, fmt.Errorf("open its parent %.200q: %w", d.parent, err)
	}
	if err := mapped.CheckParent(config.Parent, d.over); err != nil {
		return nil, errors.Join(err, config.Parent.Close())
	}
	return mapped.New(config), nil
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
	if err := mapped.ReadFull(i.main, text, s.header.descriptor); err != nil {
		return descriptor{}, err
	}
	return parseDescriptor(text)
}

func (i *image) openSeveral(length int64) (descriptor, error) {
	if length > mostDescriptor {
		return descriptor{}, fmt.Errorf("%w: neither a sparse file nor a descriptor", mapped.ErrDamaged)
	}
	text := make([]byte, length)
	if err := mapped.ReadFull(i.main, text, 0); err != nil {
		return descriptor{}, err
	}
	d, err := parseDescriptor(text)
	if err != nil {
		return d, err
	}
	for _, line := range d.extents {
		if err := i.openExtent(line); err != nil {
			return d, fmt.Errorf("extent %.200q: %w", line.name, err)
		}
	}
	return d, nil
}

func (i *image) openExtent(line extentLine) error {
	size := line.sectors * sector
	if line.kind == "ZERO" {
		i.add(size, func(_ context.Context, _, n int64) (mapped.Piece, error) { return mapped.Piece{Length: n}, nil })
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
	file, err := i.options.Extent(line.name)
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
			err = fmt.Errorf("%w: %d bytes, not %d", mapped.ErrDamaged, s.header.capacity, size)
		}
		if err != nil {
			return err
		}
		i.add(size, s.lookup)
		return nil
	}
	if err := block.CheckRange(line.offset*sector, size, length); err != nil {
		return fmt.Errorf("%w: %w", mapped.ErrDamaged, err)
	}
	i.add(size, func(_ context.Context, off, n int64) (mapped.Piece, error) {
		return mapped.Piece{Where: mapped.InFile, File: file, Offset: line.offset*sector + off, Length: n}, nil
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
func (i *image) add(size int64, lookup mapped.Lookup) {
	if size > 0 {
		i.extents = append(i.extents, extent{start: i.size(), size: size, lookup: lookup})
	}
}

func (i *image) lookup(ctx context.Context, off, n int64) (mapped.Piece, error) {
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
