package diskimage

import (
	"context"
	"errors"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/block/vhd"
	"github.com/spurboot/spur/block/vhdx"
	"github.com/spurboot/spur/block/vmdk"
)

// Options say how Open opens an image. The zero value is for reading and writing
// an image that names no other file.
type Options struct {
	// ReadOnly has the image refuse every change, and the file left as it is.
	ReadOnly bool
	// Format is what the caller knows of the file; "" has Open look at it.
	Format Format
	// Guess has a file whose format isn't known opened for writing as a raw
	// disk. Writes that would make it look like an image of another format are
	// refused with an error that is a DisguiseError.
	Guess bool
	// Opener opens the other files that the image names. Without one an image
	// that names some is refused.
	Opener Opener
	// Alone leaves what the image lies over unopened; it reads as zeros. That
	// is for looking at an image itself, and never for serving it.
	Alone bool
	// Qcow2 has what else there is to say of a qcow2 image, such as CacheSize and
	// Journal. Its ReadOnly and Opener are those of these Options.
	Qcow2 qcow2.Options
}

// ErrUnknownFormat is that a file is to be opened for writing whose format isn't
// known: it may be a raw disk, and the caller has to say so.
var ErrUnknownFormat = errors.New("its format isn't known by its contents; if it is a raw disk, that has to be said")

// Image is an open image.
type Image struct {
	// Device is the disk: a *raw.Device, *qcow2.Image or *imagemap.Device, or,
	// where it was guessed to be raw, one that guards it.
	block.Device
	Format Format
	// Below is, with Options.Alone, where the image says that its backing file
	// or parent is, the likeliest place first; none if it lies over nothing.
	Below []Reference
}

// InFile implements block.InFile where the format does.
func (i *Image) InFile(off, n int64) (fd int, at int64, ok bool) {
	if d, is := i.Device.(block.InFile); is {
		return d.InFile(off, n)
	}
	return 0, 0, false
}

// Open opens an image that is kept in a file.
//
// The context is for opening alone. The file, and what the Opener opened, are
// closed with the image; when Open fails the file, and that of a journal, stay
// the caller's, open.
func Open(ctx context.Context, file block.File, o Options) (*Image, error) {
	return (&chain{options: o}).open(ctx, file, layer{format: o.Format, readOnly: o.ReadOnly})
}

// OpenFile opens the image in a file of this host, which is locked until the image
// is closed. Where Options has no Opener, the image may name files beside itself.
func OpenFile(ctx context.Context, name string, o Options) (*Image, error) {
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: o.ReadOnly})
	if err != nil {
		return nil, err
	}
	if o.Opener == nil {
		o.Opener = Beside(name)
	}
	image, err := Open(ctx, file, o)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return image, nil
}

// layer is what is known of one image of a chain before it is opened.
type layer struct {
	name     string // by the Opener, "" for the first
	format   Format
	readOnly bool
}

// open makes a device of a file.
func (c *chain) open(ctx context.Context, file block.File, l layer) (*Image, error) {
	guessed := l.format == ""
	if guessed {
		var err error
		if l.format, err = Detect(file); err != nil {
			return nil, err
		}
	}
	var d block.Device
	var err error
	switch l.format {
	case Raw:
		d, err = c.openRaw(ctx, file, l, guessed)
	case Qcow2:
		d, err = c.openQcow2(ctx, file, l)
	case VHD, VHDX, VMDK:
		if !l.readOnly {
			return nil, UnwritableError{l.format}
		}
		d, err = nilIfFailed(c.openImageMap(ctx, file, l))
	default:
		_, err = ParseFormat(string(l.format))
	}
	if err != nil {
		return nil, err
	}
	return &Image{Device: d, Format: l.format, Below: c.below}, nil
}

func (c *chain) openQcow2(ctx context.Context, file block.File, l layer) (block.Device, error) {
	o := c.options.Qcow2
	o.ReadOnly, o.Opener = l.readOnly, c.backing
	return nilIfFailed(qcow2.Open(ctx, file, o))
}

// nilIfFailed is a device of any type as a block.Device, which is nil after an
// error.
func nilIfFailed[D block.Device](d D, err error) (block.Device, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (c *chain) openRaw(ctx context.Context, file block.File, l layer, guessed bool) (block.Device, error) {
	if guessed && !l.readOnly && !c.options.Guess {
		return nil, ErrUnknownFormat
	}
	d, err := raw.Open(ctx, file, raw.Options{ReadOnly: l.readOnly})
	if err != nil {
		return nil, err
	}
	if guessed && !l.readOnly {
		return guard(d), nil
	}
	return d, nil
}

// openImageMap opens an image of a format that is only read.
func (c *chain) openImageMap(ctx context.Context, file block.File, l layer) (*imagemap.Device, error) {
	parent := func(ctx context.Context, names ...string) (block.Device, error) { return c.parent(ctx, l, names) }
	switch l.format {
	case VHD:
		return vhd.Open(ctx, file, vhd.Options{Parent: func(ctx context.Context, name string) (block.Device, error) { return parent(ctx, name) }})
	case VHDX:
		return vhdx.Open(ctx, file, vhdx.Options{Parent: func(ctx context.Context, locator map[string]string) (block.Device, error) {
			return parent(ctx, locator["relative_path"], locator["absolute_win32_path"])
		}})
	}
	extent := func(ctx context.Context, name string) (block.Source, error) { return c.extent(ctx, l, name) }
	return vmdk.Open(ctx, file, vmdk.Options{Extent: extent, Parent: func(ctx context.Context, name string) (block.Device, error) { return parent(ctx, name) }})
}
