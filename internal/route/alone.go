package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// byKind tells whether the files of a loader go by what they are, and not by names.
func (l Loader) byKind() bool { return l.Kind != "" && len(l.Builds) == 0 }

// stopsAlone says at what a machine's boot would stop by a GRUB that it starts without
// a shim, or "".
func stopsAlone(b Binary, c boot.Client, via Via, form Form) string {
	name := fmt.Sprintf("%s (GRUB %s)", b.Name(), b.Identity.Version)
	if b.Identity.Version == "" {
		name = b.Name()
	}
	if c.Loader != boot.ROM && !b.Identity.Features.Has(boot.CanUnderIPXE) {
		return name + " would be started by iPXE as a multiboot kernel, without a network; take one of spur loader make grub"
	}
	other := otherGRUB(c)
	if grubNeeds(form) != 0 && c.Firmware != boot.BIOS { // what distributions sign can't
		other = "take one that spur loader make grub makes on Debian 13"
	}
	return stopsGRUB(name, b.Identity.Features, c, via, other)
}

// cannot says that a binary can't bring a form which others of its loader bring, or "".
func (l Loader) cannot(b Binary, form Form) string {
	if l.Needs == nil || b.Identity.Features.Has(l.Needs(form)) {
		return ""
	}
	lacks := "no command for such kernels"
	if form == GRUBMemdiskForm {
		lacks = "no room for a disk (module memdisk)"
	}
	return fmt.Sprintf("%s (%s) has %s; spur loader make grub makes one that has", b.Name(), strings.TrimSpace(string(b.Identity.Kind)+" "+b.Identity.Version), lacks)
}

// stopsLegacy says at what a machine's boot by a GRUB Legacy would stop, or "". It
// asks for an address of its own and fetches from siaddr of that answer (GRUB 0.97,
// netboot/main.c).
func stopsLegacy(b Binary, c boot.Client, _ Via, _ Form) string {
	name := b.Name()
	switch {
	case !b.Identity.Features.Has(boot.CanTFTP):
		return name + " is a GRUB Legacy for Etherboot (nbgrub), which no PXE ROM starts; take pxegrub"
	case c.Proxied:
		return name + " (GRUB Legacy) looks for its configuration on the host of the DHCP server; let Spur give the addresses (--dhcp server), or run Spur on that host"
	}
	return ""
}

// unfitForLegacy says why GRUB Legacy doesn't start a kernel, or "". It has one initrd
// (initrd_func in its stage2/builtins.c), and of a configuration's line it takes 1,499
// bytes (NEW_HEAPSIZE in stage2/shared.h).
func unfitForLegacy(_ boot.Client, p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return ""
	}
	url := func(boot.File) string { return "http://192.0.2.1/" }
	switch {
	case slices.ContainsFunc(append([]boot.File{linux.Kernel}, linux.Initrds...), func(f boot.File) bool { return strings.ContainsAny(f.Base(), " \t") }):
		return fmt.Sprintf("%s, or an initrd of it, has a blank in its name, at which GRUB Legacy ends a name", linux.Title())
	case len(linux.Initrds) > 1:
		return fmt.Sprintf("%s has %d initrds, and GRUB Legacy loads one; join them into one file", linux.Title(), len(linux.Initrds))
	case len(linux.Cmdline.Expand(url, "http://192.0.2.1/")) > legacyLine:
		return fmt.Sprintf("the command line of %s is longer than GRUB Legacy reads", linux.Title())
	}
	return ""
}

// legacyLine is what is left of a line for a kernel's command line, with the names that
// Spur puts before it and the URLs that it fills in.
const legacyLine = 700

// candidates are the binaries of this host that a route gives a machine, or could, the
// preferred first; why says of a loader that goes by its kind at what those would stop
// that there are.
func (b Binaries) candidates(r Route, c boot.Client) (all []Binary, why string) {
	loader := FindLoader(r.Loader)
	if !loader.byKind() {
		return b.All(r.Give, c), ""
	}
	for _, have := range b.ofKind(loader.Kind, c) {
		stops := loader.cannot(have, r.Form)
		if stops == "" && loader.Stops != nil {
			stops = loader.Stops(have, c, r.Via, r.Form)
		}
		if stops == "" {
			all = append(all, have)
		} else if why == "" {
			why = stops
		}
	}
	return all, why
}

// pinned is the ID of the first binary that brings the form of a route, where that isn't
// the preferred one of all; 0 where it is.
func (b Binaries) pinned(r Route, c boot.Client) uint32 {
	able, _ := b.candidates(r, c)
	r.Form = ""
	all, _ := b.candidates(r, c)
	if len(able) == 0 || able[0].Sum == all[0].Sum {
		return 0
	}
	return able[0].ID()
}

// Given is what a route gives: the preferred of its build, or the one that it
// names. Of one that is gone meanwhile, the preferred stands in.
func (b Binaries) Given(r Route, c boot.Client) (Binary, bool) {
	all, _ := b.candidates(r, c)
	if len(all) == 0 {
		return Binary{}, false
	}
	i := slices.IndexFunc(all, func(have Binary) bool { return r.Binary != 0 && have.ID() == r.Binary })
	return all[max(i, 0)], true
}

// given says why a route gives a machine nothing that it starts, or "", and how near it
// came.
func (h Host) given(r Route, c boot.Client) (why string, near nearness) {
	loader := FindLoader(r.Loader)
	all, stops := h.Loaders.candidates(r, c)
	signed := func(b Binary) bool { return !h.unsigned(c, b.Identity.Signed()) }
	switch {
	case len(all) > 0 && loader.byKind() && loader.Name != boot.RAMDisk && h.unsigned(c, false): // who signs one is known to a shim
		return fmt.Sprintf("firmware with Secure Boot on starts no %s without a shim", loader.Kind), unsigned
	case len(all) == 0 && stops != "":
		return stops, missing
	case len(all) == 0 && h.unsigned(c, false): // distributions have it without a signature
		return h.notFound(r.Give, loader, c, r.Form), unsigned
	case len(all) == 0:
		return h.notFound(r.Give, loader, c, r.Form), missing
	case !slices.ContainsFunc(all, signed):
		return notSigned(r.Give), unsigned
	case all[0].lackingFor(r.Form) != "":
		return h.lacksCompanion(all[0], c, r.Form), missing
	}
	return "", 0
}

// notFound says that this host lacks a loader's file, and where to get it.
func (h Host) notFound(file string, l Loader, c boot.Client, form Form) string {
	switch {
	case l.Name == boot.RAMDisk:
		return fmt.Sprintf("Spur's RAM-disk program for %s was not found on this host; make build builds it into Spur where clang and lld are, and spur loader import takes it from elsewhere", c.Platform())
	case l.Name == boot.NBIStarter:
		return "Spur's starter of tagged images was not found on this host; make build builds it into Spur where clang and lld are, and spur loader import takes it from elsewhere"
	case form == GRUBMemdiskForm:
		return fmt.Sprintf("no %s for %s was found on this host; spur loader make grub makes one that a disk can be put into", l.Kind, c.Platform())
	case l.byKind() && l.Needs != nil && l.Needs(form) != 0 && c.Firmware != boot.BIOS: // distributions' own lack commands
		return fmt.Sprintf("no %s for %s was found on this host; spur loader make grub makes one that starts such kernels", l.Kind, c.Platform())
	case l.byKind() && c.Firmware == boot.BIOS:
		return fmt.Sprintf("no %s for a BIOS was found on this host; %s", l.Kind, h.Distribution.makes(l.Kind))
	case l.byKind():
		return fmt.Sprintf("no %s for %s was found on this host; %s", l.Kind, c.Platform(), h.Distribution.Has(l.Kind, c.Arch))
	}
	return fmt.Sprintf("%s was not found on this host; %s", file, h.Distribution.Has(l.Kind, c.Arch))
}
