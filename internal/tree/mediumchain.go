package tree

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// openMediumChain opens a program of the chain that the medium of a payload brings, which
// is served out of that.
func (t *Tree) openMediumChain(ctx context.Context, n Name, f route.File) (fs.File, error) {
	payload, err := t.Resolver.Resolve(ctx, n.Client)
	if err != nil {
		return nil, missing(f.Name, err)
	}
	m, _ := payload.Medium()
	chain, ok := m.Chain(n.Client.Arch)
	file := chain.GRUB
	switch f.Loader {
	case boot.Shim:
		file = chain.Shim
	case boot.MokManager:
		file = chain.MokManager
	}
	if !ok || file == (boot.File{}) {
		return nil, missing(f.Name, errors.New(payload.Title()+" has no such loader"))
	}
	opened, err := t.Sources.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	return t.Signing.sign(ctx, opened, file.Key())
}
