package route

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// ShimFile is the name under which every shim is given out, whatever it is
// called on this host: HTTP Boot knows by the ending what it is.
const ShimFile = "shim.efi"

// Chain is a shim and the loader that it starts: firmware with Secure Boot trusts
// the shim for Microsoft's signature, and the shim its vendor's loader.
type Chain struct {
	Shim, Second Binary
	// MokManager is what the shim starts where somebody has asked it to enroll a
	// key; the zero value where there is none.
	MokManager Binary
}

// Chain is what a route with a shim gives a machine: the preferred chain of this
// host, or the one with the shim that the route names; or why there is none.
func (b Binaries) Chain(r Route, c boot.Client) (chain Chain, why string) {
	chains, _, why := b.chains(r.Loader, c, r.Via)
	if len(chains) == 0 {
		return Chain{}, why
	}
	i := slices.IndexFunc(chains, func(chain Chain) bool { return chain.Shim.ID() == r.Binary })
	return chains[max(i, 0)], ""
}

// chains are those of this host that start a loader on a machine when it is fetched
// over a protocol, the preferred first, one for each shim; or why there is none, and
// which kind of file this host lacks, if that is it.
func (b Binaries) chains(l boot.Loader, c boot.Client, via Via) (chains []Chain, lacks Kind, why string) {
	kind := chained(l)
	shims, seconds := b.ofKind(KindShim, c), b.ofKind(kind, c)
	if len(shims) == 0 {
		return nil, KindShim, fmt.Sprintf("no shim for %s was found on this host", c.Platform())
	}
	if shims[0].Identity.Signed() {
		shims = slices.DeleteFunc(shims, func(b Binary) bool { return !b.Identity.Signed() })
	}
	stopped := ""
	for _, second := range seconds {
		for _, shim := range shims {
			taken := slices.ContainsFunc(chains, func(have Chain) bool { return have.Shim.Sum == shim.Sum })
			if taken || !shim.vouchesFor(second) {
				continue
			}
			stops := stopsAt(shim, second, c, via)
			if stops == "" {
				chains = append(chains, Chain{shim, second, b.mokManager(shim, c)})
			}
			stopped = cmp.Or(stopped, stops)
		}
	}
	if len(chains) > 0 || stopped != "" {
		return chains, "", stopped
	}
	return nil, kind, fmt.Sprintf("no %s for %s that a shim of this host starts was found", kind, c.Platform())
}

// chained is what a loader that a shim starts is.
func chained(l boot.Loader) Kind {
	if l == boot.IPXE {
		return KindIPXE
	}
	return KindGRUB
}

// ofKind are the binaries of a kind for a machine: those that are signed first, of
// these the operator's own, then what works beside any DHCP server, so that a boot's
// files stay the same whoever gave the address, then the newest, and of one version
// what was built for the network.
func (b Binaries) ofKind(kind Kind, c boot.Client) []Binary {
	var all []Binary
	for _, have := range b {
		if id := have.Identity; id.Kind == kind && id.Firmware == c.Firmware && id.Arch == c.Arch {
			all = append(all, have)
		}
	}
	slices.SortStableFunc(all, func(x, y Binary) int {
		return cmp.Or(
			first(x.Identity.Signed(), y.Identity.Signed()),
			first(x.Own, y.Own),
			first(x.Identity.Features.Has(boot.CanProxyDHCP), y.Identity.Features.Has(boot.CanProxyDHCP)),
			-CompareVersions(x.Identity.Version, y.Identity.Version),
			first(!forDisk(x.Identity), !forDisk(y.Identity)),
			cmp.Compare(len(x.Identity.Prefix), len(y.Identity.Prefix)),
		)
	})
	return all
}

// forDisk tells whether a GRUB was built to boot from a disk: it has no TFTP, or
// looks for its configuration on an EFI system partition first.
func forDisk(id Identity) bool {
	return id.Kind == KindGRUB && (!id.Features.Has(boot.CanTFTP) || strings.HasPrefix(strings.ToUpper(id.Prefix), "/EFI/"))
}

// vouchesFor tells whether a shim starts a loader as far as signatures go: it
// brings a certificate for which it does, or whoever put both into one folder knows
// that the machines' own certificates do.
func (b Binary) vouchesFor(second Binary) bool {
	if b.Identity.Knows(second.Identity) {
		return true
	}
	return filepath.Dir(b.Path) == filepath.Dir(second.Path) && second.Identity.Signed()
}

// stopsAt says at what a machine's boot by this chain would stop, or "".
func stopsAt(shim, second Binary, c boot.Client, via Via) string {
	id, name := second.Identity, second.Name()
	if levels := shim.Identity.Levels; levels != nil {
		if err := levels.Previous.Check(id.SBAT); err != nil {
			return fmt.Sprintf("shim %s refuses %s (%s %s): %s; take a newer one", shim.Identity.Version, name, id.Kind, id.Version, err)
		}
	}
	if id.Kind != KindGRUB {
		return ""
	}
	return stopsGRUB(fmt.Sprintf("%s (GRUB %s)", name, id.Version), id.Features, c, via, otherGRUB(c))
}

// stopsGRUB says at what a machine's boot by a GRUB would stop that is fetched over a
// protocol, or "". other says where to get one that doesn't.
func stopsGRUB(name string, can boot.Features, c boot.Client, via Via, other string) string {
	switch {
	case via != TFTP && !can.Has(boot.CanAfterHTTPBoot|boot.CanHTTP):
		return fmt.Sprintf("%s has no network once HTTP Boot has started it; %s", name, other)
	case via == TFTP && !can.Has(boot.CanTFTP):
		return fmt.Sprintf("%s can't fetch over TFTP", name)
	case via == TFTP && c.Proxied && !can.Has(boot.CanProxyDHCP):
		return fmt.Sprintf("%s looks for its configuration on the host of the DHCP server; let Spur give the addresses (--dhcp server), run Spur on that host, or %s", name, other)
	}
	return ""
}

// otherGRUB says where to get a GRUB that looks for its configuration where a proxy's
// offer says, and that has a network after HTTP Boot.
func otherGRUB(c boot.Client) string {
	if c.Firmware == boot.BIOS {
		return "take one of spur loader make grub"
	}
	return fmt.Sprintf("take Debian 13's %s (its .deb by spur loader import)", signedGRUB(c.Arch))
}

// otherGRUBIn says so of one that lies in a folder.
func otherGRUBIn(c boot.Client, p boot.Program) string {
	suffix := string(c.Arch)
	if c.Arch == boot.ARM64 {
		suffix = "aa64"
	}
	return fmt.Sprintf("put grubnet%s.efi.signed of Debian 13's %s into the folder as %s", suffix, signedGRUB(c.Arch), cmp.Or(p.Starts, p.Name))
}

// Shim is the preferred shim that firmware of a machine starts.
func (b Binaries) Shim(c boot.Client) (Binary, bool) {
	shims := b.ofKind(KindShim, c)
	if len(shims) == 0 || !shims[0].Identity.Signed() {
		return Binary{}, false
	}
	return shims[0], true
}

// mokManager is that of a shim: the one of its vendor.
func (b Binaries) mokManager(shim Binary, c boot.Client) Binary {
	for _, have := range b.ofKind(KindMokManager, c) {
		if shim.vouchesFor(have) {
			return have
		}
	}
	return Binary{}
}
