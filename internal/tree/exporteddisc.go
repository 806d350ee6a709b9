package tree

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/iso"
)

// Disc is the image of a disc whose files are exported to systems that mount it.
type Disc struct {
	*iso.Image
	ID DiscID
	// File holds the image open. Where nobody closes it, it closes when nobody has it any more.
	File fs.File
}

// DiscID tells an image, by its name's digest, and what it holds from what it held before.
type DiscID struct {
	Digest  Digest
	Version [4]byte
}

// OpenDisc opens the image that a system asks for by a name. Those at a URL are read for as
// long as ctx lasts.
func (t *Tree) OpenDisc(ctx context.Context, name string) (Disc, error) {
	n, err := t.Names.OpenExport(name)
	if err != nil {
		return Disc{}, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return t.openDisc(ctx, n)
}

// ReopenDisc opens an image that a system has mounted before. One that was changed since isn't
// there any more.
func (t *Tree) ReopenDisc(ctx context.Context, id DiscID) (Disc, error) {
	d, err := t.openDisc(ctx, Name{Digest: id.Digest})
	if err == nil && d.ID != id {
		d.File.Close()
		return Disc{}, fmt.Errorf("the image was changed since it was mounted: %w", fs.ErrNotExist)
	}
	return d, err
}

func (t *Tree) openDisc(ctx context.Context, n Name) (Disc, error) {
	f, err := t.source(ctx, n)
	if err != nil {
		return Disc{}, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	f.Told = boot.Export{}
	c, err := t.Sources.openImage(ctx, f)
	if err != nil {
		return Disc{}, fmt.Errorf("%s: %w", f.Base(), err)
	}
	image, err := iso.Open(c, c.info.Size())
	if err != nil {
		c.file.Close()
		return Disc{}, fmt.Errorf("%s: %w", f.Base(), err)
	}
	sum := sha256.Sum256([]byte(c.tag))
	return Disc{image, DiscID{n.Digest, [4]byte(sum[:4])}, c.file}, nil
}
