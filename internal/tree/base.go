package tree

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

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

// web is the protocol for what trusts nobody yet: a running system, which doesn't
// know the authority that its firmware trusts.
func (t *Tree) web() route.Via {
	if t.HTTPPort == 0 && t.HTTPSPort != 0 {
		return route.HTTPS
	}
	return route.HTTP
}

// base is how URLs of a server begin, without a slash at the end.
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
