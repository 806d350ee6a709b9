package tree

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

func (t *Tree) openBinary(ctx context.Context, name string, b route.Binary, ok bool) (fs.File, error) {
	if !ok {
		return nil, missing(name, errors.New("this host has no such loader"))
	}
	return t.openLoader(ctx, b)
}

// openLoader opens a loader of this host, signed.
func (t *Tree) openLoader(ctx context.Context, b route.Binary) (fs.File, error) {
	f, err := openProgram(b)
	if err != nil {
		return nil, err
	}
	return t.Signing.sign(ctx, f, b.Place())
}

// openProgram opens a loader of this host as it is, wherever that is.
func openProgram(b route.Binary) (fs.File, error) {
	if b.Path == "" {
		return NewComposite(b.Name(), Bytes(b.Content)), nil
	}
	return openLocal(b.Path)
}

// openChained opens a program of the chain by which a boot goes.
func (t *Tree) openChained(ctx context.Context, n Name, f route.File) (fs.File, error) {
	chain, why := t.Loaders.Chain(n.Route, n.Client)
	if why != "" {
		return nil, missing(f.Name, errors.New(why))
	}
	b := chain.Second
	switch f.Loader {
	case boot.Shim:
		b = chain.Shim
	case boot.MokManager:
		b = chain.MokManager
	}
	return t.openBinary(ctx, f.Name, b, b.File != "")
}
