package tree

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// URLs names a payload's files for one client on its route, over the protocol by
// which it asks.
func (t *Tree) URLs(c boot.Client, r route.Route, p boot.Payload, a Asker) loader.URLs {
	p = r.Medium.Of(p)
	short := route.FindLoader(r.Loader).ShortNames || p.Kind() == boot.KindMultiboot // iPXE has little room for those of one
	named := func(base string, role route.Role, f boot.File, last bool) string {
		name := t.Names.File(c.MAC, role, f, last)
		if short || IsLong(f.Key()) {
			if name = t.Names.Short(c.MAC, role, f, last); t.LongSources != nil {
				t.LongSources.Keep(f.Key())
			}
		}
		if f.IsRoot() {
			return base + "/" + name
		}
		return base + "/" + name + "/" + url.PathEscape(f.Base())
	}
	// What the command line names is for the running system, which has no TFTP
	// client, whatever its loader has.
	loading, running := t.base(t.loadsBy(c, r, p, a.Via), a.Server), t.base(t.web(), a.Server)
	urls := loader.URLs{
		File: func(f boot.File) string {
			if f.Told.Word != "" {
				return t.exported(c, f, a.Server)
			}
			return named(running, route.Extra, f, false)
		},
		Beacon: running + "/" + t.Names.Boot(c, r) + "/" + route.BeaconFile,
	}
	switch content := p.Content.(type) {
	case boot.Bringer:
		program, _ := content.Start(c)
		urls.BootFile, urls.Server = t.Names.Boot(c, r)+"/"+program.Name, a.Server.String()
		urls.Kernel = loading + (&url.URL{Path: "/" + urls.BootFile}).EscapedPath()
		if p.Kind() == boot.KindDisk {
			urls.Memdisk, urls.Disk = t.diskURLs(c, r, p, loading, a)
		}
	case boot.EFI:
		urls.Kernel = named(loading, route.Kernel, content.Program, true)
	case boot.Tagged:
		urls.Kernel = named(loading, route.Tagged, content.Image, true)
	case boot.Multiboot:
		kernel, last := route.Kernel, len(content.Modules)-1
		if content.Packed {
			kernel = route.Packed
		}
		urls.Kernel = named(loading, kernel, content.Kernel, last < 0)
		for i, m := range content.Modules {
			urls.Initrds = append(urls.Initrds, named(loading, route.Module, m.File, i == last))
		}
	case boot.Xen:
		urls.Kernel = named(loading, route.Kernel, content.Program, false)
		urls.Config = loading + "/" + t.Names.Boot(c, r) + "/" + route.XenConfig
		if t.Locked != nil && t.Locked(c) {
			urls.Config = loader.WithPassword(urls.Config)
		}
		beside := content.Beside()
		for i, f := range beside {
			urls.Initrds = append(urls.Initrds, named(loading, route.Module, f.File, i == len(beside)-1))
		}
	case boot.WIM:
		urls.Kernel = loading + "/" + t.Names.Boot(c, r) + "/" + route.WimbootFile
		files := content.For(c)
		for i, f := range files {
			urls.Initrds = append(urls.Initrds, named(loading, route.Initrd, f.File, i == len(files)-1))
		}
	case boot.Linux:
		kernel := route.Kernel
		if content.Abilities.Compression != "" {
			kernel = route.Packed // few loaders unpack it, and GRUB has a shim check it before
		}
		urls.Kernel = named(loading, kernel, content.Kernel, len(content.Initrds) == 0)
		for i, f := range content.Initrds {
			urls.Initrds = append(urls.Initrds, named(loading, route.Initrd, f, i == len(content.Initrds)-1))
		}
		if _, ok := t.Loaders.Shim(c); ok && c.Loader == boot.IPXE && t.SecureBoot == route.SecureBootOn {
			urls.Shim = loading + "/" + t.Names.Boot(c, r) + "/" + route.ShimFile
		}
	}
	return urls
}

// loadsBy is the protocol by which the loader of a route fetches what its
// configuration names, which was asked for by one itself: that of its entry, and
// what a GRUB that has HTTP need not fetch over TFTP. After HTTP Boot it has what that had.
func (t *Tree) loadsBy(c boot.Client, r route.Route, p boot.Payload, asked route.Via) route.Via {
	if r.Loader != boot.GRUB || r.Via != route.TFTP || t.HTTPPort == 0 {
		return cmp.Or(r.Loads, asked)
	}
	if can, version := t.grub(c, r, p); can.Has(boot.CanHTTP) && (t.HTTPPort == 80 || knowsPorts(version)) {
		return route.HTTP
	}
	return asked
}

// grub is what the GRUB of a route can do, and its version.
func (t *Tree) grub(c boot.Client, r route.Route, p boot.Payload) (can boot.Features, version string) {
	switch {
	case r.Medium == route.MediumChain:
		m, _ := p.Medium()
		chain, _ := m.Chain(c.Arch)
		return chain.Reaches, chain.Version
	case r.Shim:
		chain, _ := t.Loaders.Chain(r, c)
		return chain.Second.Identity.Features, chain.Second.Identity.Version
	}
	given, _ := t.Loaders.Given(r, c)
	return given.Identity.Features, given.Identity.Version
}

// knowsPorts tells whether a GRUB fetches from another port than HTTP's own, which it
// does from 2.12 on (grub_http_open in its grub-core/net/http.c).
func knowsPorts(version string) bool {
	return version != "" && route.CompareVersions(version, "2.11") > 0
}

// Path is where a route's file stands in the tree of a client's boot.
func (t *Tree) Path(c boot.Client, r route.Route) string {
	return t.Names.Boot(c, r) + "/" + r.Give
}

// Location is what a boot offer says about a route's file: a URL, or, for TFTP
// over IPv4, a bare path, since the server has a field of its own in the offer. It is
// empty for who asks by names of its own.
func (t *Tree) Location(c boot.Client, r route.Route) string {
	if r.Unsealed() {
		return ""
	}
	if r.Via != route.TFTP || c.Server.Is6() {
		return t.base(r.Via, c.Server) + "/" + t.Path(c, r)
	}
	return t.Path(c, r)
}

// web is the protocol for what trusts nobody yet: a running system, which doesn't
// know the authority that its firmware trusts.
func (t *Tree) web() route.Via {
	if t.HTTPPort == 0 && t.HTTPSPort != 0 {
		return route.HTTPS
	}
	return route.HTTP
}

func (t *Tree) base(via route.Via, server netip.Addr) string {
	port, usual, host := t.HTTPPort, uint16(80), server.String()
	switch via {
	case route.TFTP:
		port, usual = t.TFTPPort, 69
	case route.HTTPS:
		port, usual = t.HTTPSPort, 443
		if t.HTTPSHost != nil {
			host = t.HTTPSHost(server)
		}
	}
	host = net.JoinHostPort(host, strconv.Itoa(int(port)))
	if port == usual {
		// edk2's PXE takes tftp://[address]/ and knows no port in it.
		host = strings.TrimSuffix(host, ":"+strconv.Itoa(int(port)))
	}
	return string(via) + "://" + host
}
