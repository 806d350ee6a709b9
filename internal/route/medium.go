package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// MediumPart is what a machine is given of the image of a disc whose kernel it boots.
type MediumPart string

// The parts.
const (
	MediumChain MediumPart = "chain" // its shim and its GRUB, in the place of this host's
	MediumWhole MediumPart = "whole" // all of it, as a disk, in the place of the kernel
)

// lacks tells whether a payload has no medium to take a part of.
func (m MediumPart) lacks(p boot.Payload) bool {
	ok := true
	switch m {
	case MediumChain:
		_, ok = p.Medium()
	case MediumWhole:
		_, ok = p.Whole()
	}
	return !ok
}

// Of is a payload as it is booted by it.
func (m MediumPart) Of(p boot.Payload) boot.Payload {
	if whole, ok := p.Whole(); ok && m == MediumWhole {
		return whole
	}
	return p
}

// afterAll tells of a route that comes after all others where no machine has Secure Boot on.
func (r Route) afterAll() bool { return r.Shim || r.Medium == MediumWhole }

// noChainTo says why no shim leads a client through an entry to a payload, or "", and how
// near it came.
func (h Host) noChainTo(p boot.Payload, e Entry, c boot.Client) (why string, near nearness) {
	if e.Medium == MediumChain {
		return h.noMediumChain(p, e, c)
	}
	if why, near = h.noChain(e, c); why != "" {
		return why, near
	}
	return h.strange(p, e.route(), c), stopped
}

// strange says that no shim of this host starts a payload's kernel, whose signer they don't
// know, or "".
func (h Host) strange(p boot.Payload, r Route, c boot.Client) string {
	_, why := h.chainsTo(p, r, c)
	return why
}

// noMediumChain says so of the medium's own shim.
func (h Host) noMediumChain(p boot.Payload, e Entry, c boot.Client) (why string, near nearness) {
	m, _ := p.Medium()
	chain, ok := m.Chain(c.Arch)
	near = unsuited
	if c.SecureBoot {
		near = stopped
	}
	switch {
	case !ok:
		return fmt.Sprintf("%s has no shim with a GRUB for %s of its own", p.Title(), c.Platform()), unsuited
	case chain.Fault != "":
		return fmt.Sprintf("%s can't be started by its own loaders: %s", p.Title(), chain.Fault), near
	case h.unsigned(c, chain.Signed):
		return notSigned("the shim on " + p.Title()), unsigned
	}
	if why := stopsMediumGRUB(p, chain, c, e.Via); why != "" {
		return why, near
	}
	return "", 0
}

// stopsMediumGRUB says at what a machine's boot would stop by the GRUB of a payload's
// medium, or "". Many are for discs, and have no network.
func stopsMediumGRUB(p boot.Payload, chain boot.MediumChain, c boot.Client, via Via) string {
	name := fmt.Sprintf("the GRUB on %s (%s)", p.Title(), cmp.Or(chain.Version, "of an unknown version"))
	if chain.Reaches.Has(boot.CanTFTP) {
		return stopsGRUB(name, chain.Reaches, c, via, "give a newer GRUB of the same distribution, with its shim, to spur loader import")
	}
	var do []string
	if _, ok := p.Whole(); !ok {
		do = append(do, "name the image alone, without an entry, initrds or arguments")
	}
	if via == TFTP {
		do = append(do, "have the machine boot by UEFI HTTP Boot")
	}
	if len(do) == 0 {
		return name + " has no network, as it is for discs; all of the image boots without that"
	}
	return name + " has no network, as it is for discs; " + strings.Join(do, " and ") + ", so that all of it boots, or give a shim and a GRUB of the same distribution, for the network, to spur loader import"
}

// chainsTo are the chains of this host that start a payload's kernel on a machine, the
// preferred first; or why there is none. A shim doesn't that doesn't know who signed the
// kernel, as far as that is known: where a shim on its medium does. With Secure Boot off
// none asks.
func (h Host) chainsTo(p boot.Payload, r Route, c boot.Client) (all []Chain, why string) {
	chains, _, why := h.Loaders.chains(r.Loader, c, r.Via)
	m, _ := p.Medium()
	medium, _ := m.Chain(c.Arch)
	if len(medium.Signers) == 0 || h.Signs || h.SecureBoot == SecureBootOff || r.Loader != boot.GRUB {
		return chains, why
	}
	for _, chain := range chains {
		if chain.Shim.Identity.vouchesForAny(medium.Signers) {
			all = append(all, chain)
		}
	}
	if len(all) == 0 && len(chains) > 0 {
		why = fmt.Sprintf("%s on this host doesn't know who signed the kernel of %s (%s); give a shim and a GRUB of the distribution that the image is of, for the network, to spur loader import",
			chains[0].Shim.Name(), p.Title(), strings.Join(medium.Signers, ", "))
	}
	return all, why
}

func (i Identity) vouchesForAny(signers []string) bool {
	return slices.ContainsFunc(signers, func(s string) bool { return slices.Contains(i.Vouches, s) })
}

// shimFor is the ID of the shim that leads to a payload, where that isn't the one of this
// host that is preferred; 0 where it is.
func (h Host) shimFor(p boot.Payload, r Route, c boot.Client) uint32 {
	if r.Medium == MediumChain {
		return 0
	}
	all, _, _ := h.Loaders.chains(r.Loader, c, r.Via)
	able, _ := h.chainsTo(p, r, c)
	if len(able) == 0 || able[0].Shim.Sum == all[0].Shim.Sum {
		return 0
	}
	return able[0].Shim.ID()
}
