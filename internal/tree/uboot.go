package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// uBoot is the boot of a U-Boot that comes without a name of it.
func uBoot(c boot.Client) (Name, bool) {
	r := route.UBootRoute(c)
	return Name{Client: c, Route: r}, c.Loader == boot.UBoot && r.Name != ""
}

// openUBoot opens a file of a boot by U-Boot. before is put before the names in its
// configuration.
func (t *Tree) openUBoot(ctx context.Context, n Name, f route.File, before string, a Asker) (fs.File, error) {
	n.Client.Server = a.Server
	switch {
	case f.Role == route.Script:
		return t.uBootText(ctx, n, f, before, a), nil
	case f.Role == route.Beacon:
		return beacon(f.Name, n.Client), nil
	case f.Name == route.EFIProgram:
		return t.program(ctx, n.Client, n.Route, a)
	}
	payload, err := t.resolve(ctx, n.Client)
	if err != nil {
		return nil, err
	}
	linux, ok := payload.Content.(boot.Linux)
	switch {
	case !ok:
		return nil, missing(f.Name, fmt.Errorf("%s is no Linux kernel", payload.Title()))
	case f.Role == route.Extra:
		return t.deviceTree(ctx, f.Name, linux)
	case f.Name == route.UBootKernel:
		return t.openKernel(ctx, linux)
	}
	return t.joinedInitrds(ctx, linux)
}

// uBootText is U-Boot's script, or a configuration. Trouble becomes one too.
func (t *Tree) uBootText(ctx context.Context, n Name, f route.File, before string, a Asker) *generated {
	c := n.Client
	payload, err := t.resolve(ctx, c)
	if err == nil {
		if ladder := route.Routes(c, payload, t.Host); len(ladder.Routes) == 0 {
			err = errors.New(ladder.Obstacle(c))
		}
	}
	urls := t.URLs(c, n.Route, payload, a)
	var text string
	switch {
	case f.Name != route.UBootScript && err == nil:
		text = loader.UBootConfig(c, payload, before, f.Name == route.UBootScripted, urls)
	case f.Name != route.UBootScript:
		text = loader.TroubleUBootConfig(c, err)
	case err == nil:
		text = loader.UBootImage("Spur boots "+payload.Title(), loader.UBootScript(c, payload, t.Names.Boot(c, n.Route), urls))
	default:
		text = loader.UBootImage("Spur has nothing to boot", loader.TroubleUBootScript(c, err))
	}
	g := newGenerated(f.Name, text)
	g.trouble = err
	return g
}

// uBootScriptAtRoot is for a U-Boot of which nothing is known but that it asks for it:
// it is taken for one of the architecture for which there is something.
func (t *Tree) uBootScriptAtRoot(ctx context.Context, a Asker) *generated {
	c := boot.Client{Firmware: boot.Board, Proto: boot.PXE, Loader: boot.UBoot, Server: a.Server}
	if payload, err := t.resolve(ctx, c); err == nil {
		c.Arch = payload.Arch()
	}
	n, _ := uBoot(c)
	return t.uBootText(ctx, n, route.File{Name: route.UBootScript, Role: route.Script}, "", a)
}

// deviceTree opens the device tree that a board asks for.
func (t *Tree) deviceTree(ctx context.Context, name string, l boot.Linux) (fs.File, error) {
	f, ok := l.DeviceTreeFor(strings.TrimPrefix(name, route.DeviceTrees))
	if !ok {
		return nil, missing(name, errors.New("no such device tree lies with the kernel or is named with --dtb"))
	}
	return t.Sources.Open(ctx, f)
}

// initrdAlign is where one initrd may begin behind another: a cpio archive that isn't
// compressed begins at a multiple of four (init/initramfs.c, unpack_to_rootfs).
const initrdAlign = 4

// joinedInitrds are the initrds of a kernel as one file, for who takes no more.
func (t *Tree) joinedInitrds(ctx context.Context, l boot.Linux) (fs.File, error) {
	if len(l.Initrds) == 0 {
		return nil, missing(route.UBootInitrd, errors.New(l.Title()+" has none"))
	}
	if len(l.Initrds) == 1 {
		return t.Sources.Open(ctx, l.Initrds[0])
	}
	var files parts
	if err := files.open(ctx, t.Sources, l.Initrds); err != nil {
		return nil, errors.Join(err, files.close())
	}
	var all []Section
	for _, f := range files {
		all = append(all, f, Zeros(-f.size&(initrdAlign-1)))
	}
	return NewComposite(route.UBootInitrd, all...), nil
}
