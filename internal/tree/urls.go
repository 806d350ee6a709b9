package tree

import (
	"net/url"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// URLs names a payload's files for one client on its route, over the protocol by
// which it asks.
func (t *Tree) URLs(c boot.Client, r route.Route, p boot.Payload, a Asker) loader.URLs {
	p = r.Medium.Of(p)
	// What the command line names is for the running system, which has no TFTP
	// client, whatever its loader has.
	running := t.base(t.web(), a.Server)
	n := naming{
		Tree: t, client: c, route: r, loading: t.base(t.loadsBy(c, r, p, a.Via), a.Server),
		short: route.FindLoader(r.Loader).ShortNames || p.Kind() == boot.KindMultiboot, // iPXE has little room for those of one
	}
	urls := loader.URLs{
		File: func(f boot.File) string {
			if f.Told.Word != "" {
				return t.exported(c, f, a.Server)
			}
			return n.file(running, route.Extra, f, false)
		},
		Beacon: running + "/" + t.Names.Boot(c, r) + "/" + route.BeaconFile,
	}
	n.start(&urls, p, a)
	return urls
}

// naming names files for one client on its route.
type naming struct {
	*Tree
	client  boot.Client
	route   route.Route
	loading string // where the loader fetches from
	short   bool   // it has little room for names
}

// file is the URL of a file of a payload.
func (n naming) file(base string, role route.Role, f boot.File, last bool) string {
	name := n.Names.File(n.client.MAC, role, f, last)
	if n.short || IsLong(f.Key()) {
		if name = n.Names.Short(n.client.MAC, role, f, last); n.LongSources != nil {
			n.LongSources.Keep(f.Key())
		}
	}
	if f.IsRoot() {
		return base + "/" + name
	}
	return base + "/" + name + "/" + url.PathEscape(f.Base())
}

// loaded is the URL of a file that the loader fetches.
func (n naming) loaded(role route.Role, f boot.File, last bool) string {
	return n.file(n.loading, role, f, last)
}

// ofRoute is the URL of a file that the route declares.
func (n naming) ofRoute(file string) string {
	return n.loading + "/" + n.Names.Boot(n.client, n.route) + "/" + file
}

// start names what the loader starts, and what it loads with that.
func (n naming) start(urls *loader.URLs, p boot.Payload, a Asker) {
	switch content := p.Content.(type) {
	case boot.Bringer:
		program, _ := content.Start(n.client)
		urls.BootFile, urls.Server = n.Names.Boot(n.client, n.route)+"/"+program.Name, a.Server.String()
		urls.Kernel = n.loading + (&url.URL{Path: "/" + urls.BootFile}).EscapedPath()
		if p.Kind() == boot.KindDisk {
			urls.Memdisk, urls.Disk = n.diskURLs(n.client, n.route, p, n.loading, a)
		}
	case boot.EFI:
		urls.Kernel = n.loaded(route.Kernel, content.Program, true)
	case boot.Tagged:
		urls.Kernel = n.loaded(route.Tagged, content.Image, true)
	case boot.Multiboot:
		n.multiboot(urls, content)
	case boot.Xen:
		n.xen(urls, content)
	case boot.WIM:
		urls.Kernel = n.ofRoute(route.WimbootFile)
		files := content.For(n.client)
		for i, f := range files {
			urls.Initrds = append(urls.Initrds, n.loaded(route.Initrd, f.File, i == len(files)-1))
		}
	case boot.Linux:
		n.linux(urls, content)
	}
}

func (n naming) multiboot(urls *loader.URLs, content boot.Multiboot) {
	kernel, last := route.Kernel, len(content.Modules)-1
	if content.Packed {
		kernel = route.Packed
	}
	urls.Kernel = n.loaded(kernel, content.Kernel, last < 0)
	for i, m := range content.Modules {
		urls.Initrds = append(urls.Initrds, n.loaded(route.Module, m.File, i == last))
	}
}

func (n naming) xen(urls *loader.URLs, content boot.Xen) {
	urls.Kernel = n.loaded(route.Kernel, content.Program, false)
	urls.Config = n.ofRoute(route.XenConfig)
	if n.Locked != nil && n.Locked(n.client) {
		urls.Config = loader.WithPassword(urls.Config)
	}
	beside := content.Beside()
	for i, f := range beside {
		urls.Initrds = append(urls.Initrds, n.loaded(route.Module, f.File, i == len(beside)-1))
	}
}

func (n naming) linux(urls *loader.URLs, content boot.Linux) {
	kernel := route.Kernel
	if content.Abilities.Compression != "" {
		kernel = route.Packed // few loaders unpack it, and GRUB has a shim check it before
	}
	urls.Kernel = n.loaded(kernel, content.Kernel, len(content.Initrds) == 0)
	for i, f := range content.Initrds {
		urls.Initrds = append(urls.Initrds, n.loaded(route.Initrd, f, i == len(content.Initrds)-1))
	}
	if _, ok := n.Loaders.Shim(n.client); ok && n.client.Loader == boot.IPXE && n.SecureBoot == route.SecureBootOn {
		urls.Shim = n.ofRoute(route.ShimFile)
	}
}
