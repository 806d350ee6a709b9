package tree

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// program is a client's payload as the one EFI application that its firmware
// starts.
func (t *Tree) program(ctx context.Context, c boot.Client, r route.Route, a Asker) (fs.File, error) {
	payload, err := t.resolve(ctx, c)
	if err != nil {
		return nil, err
	}
	switch content := payload.Content.(type) {
	case boot.EFI:
		return t.openSigned(ctx, content.Program)
	case boot.Linux:
		if content.Abilities.NoUKI {
			return t.openSigned(ctx, content.Kernel)
		}
		image, err := t.uki(ctx, c, content, t.URLs(c, r, payload, a))
		if err != nil {
			return nil, err
		}
		return t.Signing.sign(ctx, image, "")
	}
	return nil, missing(r.Give, fmt.Errorf("%s is no EFI application", payload.Title()))
}

// openSigned opens a payload's file that is an EFI application.
func (t *Tree) openSigned(ctx context.Context, f boot.File) (fs.File, error) {
	file, err := t.Sources.Open(ctx, f)
	if err != nil {
		return nil, err
	}
	return t.Signing.sign(ctx, file, f.Key())
}
