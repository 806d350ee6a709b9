package tree

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// xenConfig is the configuration that a client's Xen reads.
func (t *Tree) xenConfig(ctx context.Context, c boot.Client, r route.Route, a Asker) (fs.File, error) {
	payload, err := t.resolve(ctx, c)
	if err != nil {
		return nil, err
	}
	xen, ok := payload.Content.(boot.Xen)
	if !ok {
		return nil, missing(route.XenConfig, fmt.Errorf("%s is no Xen for UEFI", payload.Title()))
	}
	return newGenerated(route.XenConfig, loader.XenConfig(xen, t.URLs(c, r, payload, a))), nil
}
