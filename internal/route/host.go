package route

import (
	"fmt"
	"path/filepath"

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
	// SecureBoot is what the operator says of the machines.
	SecureBoot SecureBoot
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
// shim, or "".
func (h Host) noChain(e Entry, c boot.Client) string {
	chains, lacks, why := h.Loaders.chains(e.Loader, c, e.Via)
	switch {
	case lacks != "" && e.Loader == boot.IPXE:
		return why + "; iPXE 2 brings one: give its files to spur loader import"
	case lacks != "":
		return why + "; " + h.Distribution.Has(lacks, c.Arch)
	case len(chains) > 0 && h.unsigned(c, chains[0].Shim.Identity.Signed()):
		return fmt.Sprintf("%s isn't signed, and Secure Boot starts only what is", filepath.Base(chains[0].Shim.Path))
	case len(chains) > 0:
		return ""
	}
	return why
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

// unsigned tells whether an EFI application that Spur gives out as it is, has no
// signature when this machine, which wants one, gets it.
func (h Host) unsigned(c boot.Client, signed bool) bool {
	return c.SecureBoot && !h.Signs && !signed
}
