package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// NetBootRoot is where a Mac's system finds its root image (option 17): one of ours as
// a URL, or where the image's own description says that it lies; empty for none.
func (t *Tree) NetBootRoot(c boot.Client, r route.Route, i boot.NetBootImage) string {
	if i.Root.Source == "" {
		return i.RootPath
	}
	return t.base(route.HTTP, c.Server) + "/" + t.Names.Boot(c, r) + "/" + url.PathEscape(i.Root.Base())
}

// openNetBoot opens a file of the image that a Mac has chosen: its booter, its root
// image, and what the booter asks for beside itself.
func (t *Tree) openNetBoot(ctx context.Context, c boot.Client, name string) (fs.File, error) {
	payload, err := t.resolve(ctx, c)
	if err != nil {
		return nil, err
	}
	images, ok := payload.Content.(boot.NetBoot)
	if !ok {
		return nil, missing(name, fmt.Errorf("%s is no NetBoot image", payload.Title()))
	}
	image, found := images.Image(c.Item)
	booter, fits := image.Booter(c.NetBootArch())
	switch {
	case !found || !fits:
		return nil, missing(name, errors.New("the NetBoot image that the Mac has chosen is not here any more"))
	case name == route.BooterFile:
		return t.Sources.Open(ctx, booter.File)
	case image.Root.Source != "" && name == image.Root.Base():
		return t.Sources.Open(ctx, image.Root)
	}
	beside := path.Clean(name)
	if !filepath.IsLocal(beside) {
		return nil, missing(name, errors.New("it is not below the booter's folder"))
	}
	return t.Sources.Local.Open(booter.Beside(beside).Source)
}
