package tree

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// atRoot says what a file without a sealed name is.
func (t *Tree) atRoot(name string) (route.Role, bool) {
	if _, ok := t.Loaders.Named(name); ok {
		return route.NBP, true
	}
	switch {
	case name == route.IPXEScript:
		return route.Script, true
	case t.ScriptFiles != nil:
		return t.ScriptFiles.Role(path.Clean(name))
	}
	return "", false
}

// openRoot serves a loader that was sent here by somebody else's DHCP server,
// and what that loader asks for.
func (t *Tree) openRoot(ctx context.Context, name string, a Asker) (fs.File, error) {
	if !t.AskAtRoot {
		return nil, missing(name, errors.New("nothing at the root: only --dhcp off serves loaders there"))
	}
	if b, ok := t.Loaders.Named(name); ok {
		return openLocal(b.Path)
	}
	if name == route.IPXEScript {
		return t.scriptAtRoot(ctx, a), nil
	}
	return t.openScriptFile(ctx, name, boot.Client{}, a)
}

// scriptAtRoot is for an iPXE of which nothing is known but what its question
// says. One that says nothing is told to ask again.
func (t *Tree) scriptAtRoot(ctx context.Context, a Asker) *generated {
	c, ok := ClientFromQuery(a.Query)
	if !ok {
		return newGenerated(route.IPXEScript, loader.AskScript(t.base(t.web(), a.Server)+"/"+route.IPXEScript))
	}
	c.Server = a.Server
	return t.script(ctx, c, route.Configured(boot.IPXE, a.Via), a)
}
