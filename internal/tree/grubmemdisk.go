package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/grubimage"
	"github.com/spurboot/spur/internal/route"
)

// openGiven opens the loader that a client is given by a route, with the client's disk in
// it where that is to be there.
func (t *Tree) openGiven(ctx context.Context, n Name, name string) (fs.File, error) {
	b, ok := t.Loaders.Given(n.Route, n.Client)
	payload, err := t.resolve(ctx, n.Client)
	if disk, within := t.inGRUB(n.Client, n.Route, payload); ok && err == nil && within {
		return t.grubWith(ctx, b, disk)
	}
	return t.openBinary(ctx, name, b, ok)
}

// inGRUB is the disk that is in the GRUB which a client is given by a route.
func (t *Tree) inGRUB(c boot.Client, r route.Route, p boot.Payload) (boot.Disk, bool) {
	disk, ok := p.Content.(boot.Disk)
	return disk, ok && r.Loader == boot.GRUB && r.Role == route.NBP && !r.Shim && route.FormFits(route.GRUBMemdiskForm, c, p, t.Host)
}

// grubWith is a GRUB with a disk in it, put together while it is read.
func (t *Tree) grubWith(ctx context.Context, b route.Binary, d boot.Disk) (fs.File, error) {
	grub, err := openProgram(b)
	if err != nil {
		return nil, err
	}
	image, err := Whole(grub)
	if err != nil {
		return nil, errors.Join(err, grub.Close())
	}
	file, err := t.openDisk(ctx, d.Image)
	if err != nil {
		return nil, errors.Join(err, grub.Close())
	}
	disk, err := Whole(file)
	if err != nil {
		return nil, errors.Join(err, file.Close(), grub.Close())
	}
	disk.origin += d.Image.Key()
	sections, err := withMemdisk(image, disk)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't have %s in it: %w", b.File, d.Title(), err), file.Close(), grub.Close())
	}
	return t.Signing.sign(ctx, NewComposite(route.GRUBForUEFI, sections...), b.Place())
}

// withMemdisk are the sections of an image of GRUB with a disk in it. They close both.
func withMemdisk(image, disk Section) ([]Section, error) {
	content, err := io.ReadAll(io.NewSectionReader(image.content, 0, image.size))
	if err != nil {
		return nil, err
	}
	layout, err := grubimage.WithMemdisk(content, disk.size)
	if err != nil {
		return nil, err
	}
	sections := []Section{{closer: image.closer}}
	for _, part := range layout.Before {
		if part.Bytes != nil {
			sections = append(sections, Bytes(part.Bytes))
			continue
		}
		sections = append(sections, Section{
			content: io.NewSectionReader(image.content, part.From, part.Size), size: part.Size,
			mark: image.mark + "+" + strconv.FormatInt(part.From, 36), origin: image.origin,
		})
	}
	return append(sections, disk, Zeros(layout.After)), nil
}
