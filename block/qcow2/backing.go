package qcow2

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// mostDepth is how many images a chain may have.
const mostDepth = 64

// Formats of backing files.
const (
	FormatRaw   = "raw"
	FormatQcow2 = "qcow2"
)

// Reference is how an image names its backing file. Whoever writes to an image
// can write anything here: check it.
type Reference struct {
	Name string
	// Format is "raw", "qcow2", what else the image says, or "" if nothing.
	Format string
	// Parent is the Name of the Backing that names this one, "" for the image
	// that was opened first. A relative name is meant from its folder.
	Parent string
}

// Backing is an opened backing file: a Device that is read as it is, or a File
// that is opened by its Format.
type Backing struct {
	Device block.Device
	File   block.File
	// Format is that of File; where it is "" the image's word is taken.
	Format string
	// Name identifies File, in whatever way; a chain in which one comes twice
	// is a loop.
	Name string
	// Writable: File is opened for writing too, so that Commit can write to it.
	Writable bool
	// Journal is that of File, if it has one.
	Journal *Journal
}

// closeFiles closes what no device has taken over.
func (b *Backing) closeFiles() {
	b.File.Close()
	if b.Journal != nil {
		b.Journal.File.Close()
	}
}

// Opener opens the backing file that an image names, or refuses to. What it
// returns is closed with the image.
type Opener func(ctx context.Context, ref Reference) (Backing, error)

func (img *Image) openBacking(ctx context.Context) error {
	if img.opts.Backing != nil {
		img.backing = img.opts.Backing
		return nil
	}
	name := img.header.name
	if name == "" {
		return nil
	}
	if img.opts.Opener == nil {
		return fmt.Errorf("the image names the backing file %q, which nothing allows to open", name)
	}
	if img.opts.depth >= mostDepth {
		return fmt.Errorf("backing file %q: a chain of more than %d images: %w", name, mostDepth, ErrCorrupt)
	}
	ref := Reference{Name: name, Format: img.header.format}
	if k := len(img.opts.parents); k > 0 {
		ref.Parent = img.opts.parents[k-1]
	}
	b, err := img.opts.Opener(ctx, ref)
	if err == nil {
		img.backing, err = img.openLayer(ctx, b)
	}
	if err != nil {
		return fmt.Errorf("backing file %q: %w", name, err)
	}
	img.ownsBacking = true
	return nil
}

// openLayer makes a device of a backing file, and closes the file if it can't.
func (img *Image) openLayer(ctx context.Context, b Backing) (block.Device, error) {
	if b.Device != nil {
		return b.Device, nil
	}
	if b.File == nil {
		return nil, errors.New("the opener returned neither a device nor a file")
	}
	d, err := img.openFormat(ctx, b)
	if err != nil {
		b.closeFiles()
	}
	return d, err
}

func (img *Image) openFormat(ctx context.Context, b Backing) (block.Device, error) {
	if b.Name != "" && slices.Contains(img.opts.parents, b.Name) {
		return nil, fmt.Errorf("%q comes twice in the chain: %w", b.Name, ErrCorrupt)
	}
	format := b.Format
	if format == "" {
		format = img.header.format
	}
	switch format {
	case FormatRaw:
		d, err := raw.Open(ctx, b.File, raw.Options{ReadOnly: !b.Writable})
		if err != nil {
			return nil, err
		}
		return d, nil
	case FormatQcow2:
		d, err := Open(ctx, b.File, Options{ReadOnly: !b.Writable, Opener: img.opts.Opener, CacheSize: img.opts.CacheSize, Journal: b.Journal,
			depth: img.opts.depth + 1, parents: append(slices.Clone(img.opts.parents), b.Name)})
		if err != nil {
			return nil, err
		}
		return d, nil
	case "":
		// To look into the file would let who writes to a raw disk choose.
		return nil, fmt.Errorf("its format isn't named: %w; set it by qemu-img rebase -u -F", ErrUnsupported)
	}
	return nil, fmt.Errorf("format %q: %w", format, ErrUnsupported)
}

func (img *Image) closeBacking() {
	if img.ownsBacking {
		img.backing.Close()
	}
}
