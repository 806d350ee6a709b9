package diskimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
)

// Reference is how an image names another file. Whoever writes to an image can
// write anything here: check it.
type Reference struct {
	Name string
	// Format is what the image says of the file; "" if nothing.
	Format Format
	// From is the name, by the Opener, of the file that this is named in; "" for
	// the one that was opened first. A relative Name is meant from its folder.
	From string
	// Extent says that the file is a part of the image itself, not a disk that
	// the image lies over.
	Extent bool
}

// Opened is a file that an Opener opened, for reading.
type Opened struct {
	// Name identifies the file, in whatever way; a chain in which one comes
	// twice is a loop.
	Name string
	File block.File
	// Journal is the file's, if it is a qcow2 image that has one.
	Journal *qcow2.Journal
}

// Opener opens a file that an image names, or refuses to. Where an image leaves
// several places for one file, all are tried in turn until one opens. What it
// returns is closed with the image.
type Opener func(ctx context.Context, ref Reference) (Opened, error)

// mostParents is how many parents one image may have. The chain of qcow2 images
// has package qcow2's bound.
const mostParents = 64

// chain is an image and what it lies over, while it is opened.
type chain struct {
	options Options
	parents int // that were opened
	below   []Reference
}

// find asks the caller for a file.
func (c *chain) find(ctx context.Context, ref Reference) (Opened, error) {
	if c.options.Opener == nil {
		return Opened{}, errors.New("nothing allows to open it")
	}
	return c.options.Opener(ctx, ref)
}

// backing opens the backing file of a qcow2 image. Of a raw or qcow2 one package
// qcow2 makes a layer itself.
func (c *chain) backing(ctx context.Context, ref qcow2.Reference) (qcow2.Backing, error) {
	named := Reference{Name: ref.Name, Format: FromQEMU(ref.Format), From: ref.Parent}
	if c.options.Alone {
		c.below = []Reference{named}
		return qcow2.Backing{Device: block.NewMemory(0)}, nil
	}
	found, err := c.find(ctx, named)
	if err != nil {
		return qcow2.Backing{}, err
	}
	if named.Format == Raw || named.Format == Qcow2 || named.Format == "" {
		return qcow2.Backing{File: found.File, Name: found.Name, Journal: found.Journal}, nil
	}
	image, err := c.open(ctx, found.File, layer{name: found.Name, format: named.Format, readOnly: true})
	if err != nil {
		found.File.Close()
		return qcow2.Backing{}, err
	}
	return qcow2.Backing{Device: image.Device, Name: found.Name}, nil
}

// extent opens a file that a VMDK descriptor names.
func (c *chain) extent(ctx context.Context, l layer, name string) (block.Source, error) {
	found, err := c.find(ctx, Reference{Name: name, From: l.name, Extent: true})
	if err != nil {
		return nil, err
	}
	return found.File, nil
}

// parent opens what a differencing image lies over, an image of the same format.
func (c *chain) parent(ctx context.Context, l layer, names []string) (block.Device, error) {
	var refs []Reference
	for _, name := range candidates(names) {
		refs = append(refs, Reference{Name: name, Format: l.format, From: l.name})
	}
	if c.options.Alone {
		c.below = refs
		return block.NewMemory(0), nil
	}
	if c.parents++; c.parents > mostParents {
		return nil, fmt.Errorf("more than %d parents, or a loop of them", mostParents)
	}
	found, err := c.findFirst(ctx, refs)
	if err != nil {
		return nil, err
	}
	image, err := c.open(ctx, found.File, layer{name: found.Name, format: l.format, readOnly: true})
	if err != nil {
		found.File.Close()
		return nil, err
	}
	return image.Device, nil
}

// findFirst opens the first of some places that has a file. Its error is of one
// that has, and may not be opened, if there is such a one.
func (c *chain) findFirst(ctx context.Context, refs []Reference) (Opened, error) {
	failed := errors.New("it doesn't name its parent")
	for i, ref := range refs {
		found, err := c.find(ctx, ref)
		if err == nil {
			return found, nil
		}
		if i == 0 || errors.Is(failed, fs.ErrNotExist) && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	return Opened{}, failed
}

// candidates are where a parent may be that an image names as Windows does: at
// that place, or, since images are copied together, in the image's folder.
func candidates(names []string) []string {
	var list []string
	for _, name := range names {
		if len(name) > 2 && name[1] == ':' && name[2] == '\\' {
			name = name[2:]
		}
		if strings.Contains(name, `\`) {
			name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
		}
		if name != "" {
			list = append(list, name)
		}
	}
	for _, name := range slices.Clone(list) {
		list = append(list, path.Base(name))
	}
	return slices.Compact(list)
}
