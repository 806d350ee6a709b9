package tree

import (
	"context"
	"errors"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// script writes what a client's loader must do. Trouble becomes a script too:
// the person in front of the screen must be able to read it.
func (t *Tree) script(ctx context.Context, c boot.Client, r route.Route, a Asker) *generated {
	payload, err := t.Resolver.Resolve(ctx, c)
	if err != nil {
		return troubled(c, r, err, !errors.Is(err, boot.ErrIgnore))
	}
	if payload.Kind() == boot.KindInquiry && r.Loader == boot.IPXE {
		return t.inquiry(ctx, c, r, a)
	}
	if why := t.obstacle(c, payload, r); why != "" {
		return troubled(c, r, errors.New(why), false)
	}
	if payload, err = t.xenAsDisk(ctx, c, r, payload, a); err != nil {
		return troubled(c, r, err, true)
	}
	g := newGenerated(route.FindLoader(r.Loader).Next.Name, t.Configuration(c, payload, r, a))
	_, within := t.inGRUB(c, r, payload)
	g.last, g.menu, g.leaves = within || payload.Kind() == boot.KindScript, payload.Kind() == boot.KindMenu, payload.Kind() == boot.KindLocal
	return g
}

// obstacle says what keeps a client from booting a payload by a route's loader, or "". An
// item of a menu may be one that the client wouldn't be given the loader for.
func (t *Tree) obstacle(c boot.Client, p boot.Payload, r route.Route) string {
	why := route.Routes(c, p, t.Host).Obstacle(c)
	if why != "" && c.Item != 0 {
		_, why = r.Item(c, p, t.Host)
	}
	return why
}

// Configuration is what the loader of a route is told to do.
func (t *Tree) Configuration(c boot.Client, p boot.Payload, r route.Route, a Asker) string {
	if menu, ok := p.Content.(boot.Menu); ok {
		return t.drawn(c, menu, r, a)
	}
	p = r.Medium.Of(p)
	return configuration(c, p, r, t.URLs(c, r, p, a))
}

func configuration(c boot.Client, p boot.Payload, r route.Route, urls loader.URLs) string {
	switch r.Loader {
	case boot.GRUB:
		return loader.GRUBConfig(c, p, urls)
	case boot.GPXE:
		return loader.GPXEScript(c, p, urls)
	case boot.GRUBLegacy:
		return loader.GRUBLegacyConfig(c, p, urls)
	case boot.RPi:
		linux, _ := p.Content.(boot.Linux)
		return loader.RPiConfig(c, linux)
	case boot.UBoot, boot.UBootEFI:
		return loader.UBootConfig(c, p, "", false, urls)
	case boot.PXELINUX, boot.Syslinux:
		return loader.PXELINUXConfig(c, p, urls)
	case boot.RAMDisk:
		return loader.RAMDiskConfig(c, p, urls)
	}
	return loader.IPXEScript(c, p, urls)
}

func troubled(c boot.Client, r route.Route, why error, again bool) *generated {
	trouble := loader.TroubleScript
	switch r.Loader {
	case boot.GRUB:
		trouble = loader.TroubleGRUBConfig
	case boot.GPXE:
		trouble = loader.TroubleGPXEScript
	case boot.GRUBLegacy:
		trouble = loader.TroubleGRUBLegacyConfig
	case boot.PXELINUX, boot.Syslinux:
		trouble = loader.TroublePXELINUXConfig
	case boot.RAMDisk:
		trouble = loader.TroubleRAMDiskConfig
	}
	g := newGenerated(route.FindLoader(r.Loader).Next.Name, trouble(c, why, again))
	g.trouble = why
	return g
}
