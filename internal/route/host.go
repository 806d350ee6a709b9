package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Host is what routes depend on of the host that serves.
type Host struct {
	Loaders Binaries
	// Signs tells that all EFI applications that are given out get a signature by
	// the operator's own key of Secure Boot.
	Signs bool
	// HTTPS and WithoutHTTP tell by what it serves files, besides TFTP: by HTTP
	// alone where neither is set.
	HTTPS, WithoutHTTP bool
	// RootOnly: somebody else's DHCP server names what machines are given, which is
	// at the root: loaders and the script (--dhcp off).
	RootOnly bool
	// SecureBoot is what the operator says of the machines.
	SecureBoot SecureBoot
	// Loader is the one by which alone machines are to boot; boot.ROM for none, empty
	// for any.
	Loader boot.Loader
	// Distribution tells how its packages are called.
	Distribution Distribution
}

// SecureBoot says whether machines have Secure Boot on, which no packet tells.
type SecureBoot string

// What is known of Secure Boot. The zero value is SecureBootAuto.
const (
	// SecureBootAuto: nothing; the ladder has ways for both, and a machine that has
	// it on refuses what isn't signed.
	SecureBootAuto SecureBoot = "auto"
	// SecureBootOn: only what is signed is given out.
	SecureBootOn SecureBoot = "on"
	// SecureBootOff: chains that begin with a shim are the last resort.
	SecureBootOff SecureBoot = "off"
)

// knows adds to a client what the operator says of it.
func (h Host) knows(c boot.Client) boot.Client {
	if h.SecureBoot == SecureBootOn && c.Firmware == boot.UEFI {
		c.SecureBoot = true
	}
	return c
}

// noChain says why no chain of this host leads a client through an entry with a
// shim, or "", and how near it came.
func (h Host) noChain(e Entry, c boot.Client) (why string, near nearness) {
	chains, lacks, why := h.Loaders.chains(e.Loader, c, e.Via)
	switch {
	case lacks != "" && e.Loader == boot.IPXE:
		return why + "; iPXE 2 brings one: give its files to spur loader import", elsewhere
	case lacks != "" && !c.SecureBoot: // a way without a shim lacks less
		return why + "; " + h.Distribution.Has(lacks, c.Arch), elsewhere
	case lacks != "":
		return why + "; " + h.Distribution.Has(lacks, c.Arch), missing
	case len(chains) > 0 && h.unsigned(c, chains[0].Shim.Identity.Signed()):
		return notSigned(chains[0].Shim.Name()), unsigned
	case len(chains) > 0:
		return "", 0
	case !c.SecureBoot: // a machine that starts other loaders too has a nearer way
		return why, missing
	}
	return why, stopped
}

// unnamed says why nobody names to a machine what a route gives it, or "".
func (h Host) unnamed(r Route) string {
	beside := FindLoader(r.Loader).Config != nil
	if h.RootOnly && (r.Loader == boot.ROM || r.Loader == boot.Apple || r.Shim || beside || r.Role == NBP && FindLoader(r.Loader).byKind()) {
		return fmt.Sprintf("only an offer of Spur's own names %s, and with --dhcp off it makes none", r.Give)
	}
	return ""
}

// unserved says why nothing can be fetched from this host by a protocol, or "".
func (h Host) unserved(v Via) string {
	switch {
	case v == HTTPS && !h.HTTPS:
		return "Spur serves no HTTPS; --https-port 443 has it do so"
	case v == HTTP && h.WithoutHTTP:
		return "Spur serves nothing over plain HTTP, by --http-port 0"
	}
	return ""
}

// Named is the loader that whoever knows its name is given: with Secure Boot on, the
// first that has a signature then. why says that there is none.
func (h Host) Named(file string) (b Binary, why string) {
	why = file + " was not found on this host"
	for _, b := range h.Loaders {
		switch {
		case b.File != file:
		case !h.unsigned(h.knows(boot.Client{Firmware: b.Firmware}), b.Identity.Signed()):
			return b, ""
		default:
			why = notSigned(file)
		}
	}
	return Binary{}, why
}

func notSigned(file string) string {
	return file + " isn't signed, and Secure Boot starts only what is"
}

// unsigned tells whether an EFI application that Spur gives out as it is, has no
// signature when this machine, which wants one, gets it.
func (h Host) unsigned(c boot.Client, signed bool) bool {
	return c.SecureBoot && !h.Signs && !signed
}
