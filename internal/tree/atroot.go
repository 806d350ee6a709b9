package tree

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"path"
	"strings"

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
	case name == route.IPXEScript, name == route.UBootScript && t.AskAtRoot:
		return route.Script, true
	case t.ScriptFiles != nil:
		return t.ScriptFiles.Role(path.Clean(name))
	}
	return "", false
}

// describeRoot is Describe for what has no sealed name.
func (t *Tree) describeRoot(name string, peer netip.Addr) (Entry, bool) {
	if n, ok := t.bootAt(peer); ok {
		if n.Route.Unsealed() {
			return t.describeRPi(n.Client, name)
		}
		if f, ok := n.Route.AtRoot(name); ok {
			return Entry{Client: n.Client, Role: f.Role, Name: f.Name, Loader: f.Loader, Spare: n.Route.DoesWithout(f.Name)}, true
		}
		if f, ok := t.brought(n, name); ok {
			return f.describe(n.Client), true
		}
		if n.Route.DoesWithout(name) {
			return Entry{Client: n.Client, Name: name, Spare: true}, false
		}
	}
	if strings.Contains(name, "/") && !t.AskAtRoot {
		return Entry{}, false
	}
	role, known := t.atRoot(name)
	return Entry{Role: role, Name: path.Base(name)}, known
}

// bootAt is the boot that is under way at an address: one that was noted, or that of
// a U-Boot, which begins at the root.
func (t *Tree) bootAt(peer netip.Addr) (Name, bool) {
	if t.Boots == nil {
		return Name{}, false
	}
	if c, r, ok := t.Boots.Boot(peer); ok {
		return Name{Client: c, Route: r}, true
	}
	c, _ := t.Boots.At(peer)
	return uBoot(c)
}

// errAtRoot says why a file without a folder isn't there.
var errAtRoot = errors.New("nothing at the root: only --dhcp off serves loaders there")

// openRoot serves what a loader of a boot asks for at the root, and a loader that
// was sent here by somebody else's DHCP server, and what that one asks for.
func (t *Tree) openRoot(ctx context.Context, name string, a Asker, why error) (fs.File, error) {
	if n, ok := t.bootAt(a.Peer); ok {
		if n.Route.Unsealed() {
			return t.openRPi(ctx, n, name, a)
		}
		f, ok := n.Route.AtRoot(name)
		switch {
		case ok && n.Client.Loader == boot.UBoot:
			return t.openUBoot(ctx, n, f, t.Names.Boot(n.Client, n.Route)+"/", a)
		case ok:
			return t.openBoot(ctx, n, f.Name, a)
		}
		if f, ok := t.brought(n, name); ok {
			return t.openBrought(ctx, f)
		}
	}
	if !t.AskAtRoot {
		return nil, missing(name, why)
	}
	if _, ok := t.Loaders.Named(name); ok {
		b, why := t.Host.Named(name)
		if why != "" {
			return nil, missing(name, errors.New(why))
		}
		return t.openLoader(ctx, b)
	}
	switch name {
	case route.IPXEScript:
		return t.scriptAtRoot(ctx, a), nil
	case route.UBootScript:
		return t.uBootScriptAtRoot(ctx, a), nil
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
	r := route.Configured(boot.IPXE, a.Via)
	if payload, err := t.Resolver.Resolve(ctx, c); err == nil && payload.Item != 0 {
		return t.onward(c, payload, r, a) // to names that have the item
	}
	return t.script(ctx, c, r, a)
}
