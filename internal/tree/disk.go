package tree

import (
	"context"
	"io/fs"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Disks opens the disk that is in an image, which it takes over.
type Disks interface {
	Open(ctx context.Context, name string, image fs.File) (fs.File, error)
}

// openDisk opens the disk of a payload as machines see it.
func (t *Tree) openDisk(ctx context.Context, f boot.File) (fs.File, error) {
	image, err := t.Sources.Open(ctx, f)
	if err != nil || t.Disks == nil {
		return image, err
	}
	return t.Disks.Open(ctx, f.Source, image)
}

// diskURLs are where a loader finds MEMDISK, and where it reads the disk while the
// machine needs it; each is empty where that can't be.
func (t *Tree) diskURLs(c boot.Client, r route.Route, p boot.Payload, loading string, a Asker) (memdisk, disk string) {
	boots := t.Names.Boot(c, r)
	can := func(f route.Form) bool {
		return slices.Contains(route.FindLoader(r.Loader).Brings, f) && route.FormFits(f, c, p, t.Host)
	}
	if can(route.MemdiskForm) {
		memdisk = loading + "/" + boots + "/" + route.MemdiskFile
	}
	content, ok := p.Content.(boot.Disk)
	if ok && t.HTTPPort != 0 && (can(route.SANForm) || r.Loader == boot.RAMDisk) {
		disk = t.base(route.HTTP, a.Server) + "/" + boots + "/" + content.ServedAs()
	}
	return memdisk, disk
}
