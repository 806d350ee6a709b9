package route

import (
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Routes follows every path through the tables for one client and one payload.
// host is the one that serves it. Other versions of a loader come after all of its
// builds, and before another loader.
func Routes(c boot.Client, p boot.Payload, host Host) Ladder {
	var l Ladder
	c = host.knows(c)
	var versions []Route // of the loader whose entries these are
	for _, e := range Entries() {
		if e.Payload != "" && e.Payload != p.Kind() || e.Medium.lacks(p) {
			continue
		}
		if !e.fits(c) {
			if r, ok := e.overOtherNet(c, p, host); ok {
				l.Rejected = append(l.Rejected, r)
			}
			continue
		}
		r, why, near := follow(e, c, p, host)
		if why != "" {
			l.Rejected = append(l.Rejected, Rejected{Name: e.Name, Why: why, near: near})
			continue
		}
		if len(versions) > 0 && versions[0].Loader != r.Loader && !r.Shim {
			l.Routes, versions = append(l.Routes, versions...), nil
		}
		l.Routes = append(l.Routes, r)
		if r.Shim {
			l.Routes = append(l.Routes, r.versions(e, c, p, host)...)
			continue
		}
		versions = append(versions, r.versions(e, c, p, host)...)
	}
	l.Routes = append(l.Routes, versions...)
	if host.SecureBoot == SecureBootOff {
		slices.SortStableFunc(l.Routes, func(x, y Route) int { return first(!x.afterAll(), !y.afterAll()) })
	}
	if len(l.Routes) == 0 && host.unsigned(c, false) {
		host.Signs = true
		l.Keys = len(Routes(c, p, host).Routes) > 0
	}
	return l
}

// overOtherNet tells whether a client could go this way if it asked by the other
// version of IP, and what it is told.
func (e Entry) overOtherNet(c boot.Client, p boot.Payload, host Host) (Rejected, bool) {
	c.IPv6 = !c.IPv6
	if e.NetWhy == "" || !e.fits(c) {
		return Rejected{}, false
	}
	near := unsuited
	if _, why, _ := follow(e, c, p, host); why == "" && c.SecureBoot {
		near = stopped
	}
	return Rejected{Name: e.Name, Why: e.NetWhy, near: near}, true
}

// follow goes from an entry by its loader to a form of the payload, or says what
// is in the way, and how near it came.
func follow(e Entry, c boot.Client, p boot.Payload, host Host) (r Route, why string, near nearness) {
	if why := host.notAsked(e); why != "" {
		return Route{}, why, unasked
	}
	for _, via := range []Via{e.Via, e.Loads} {
		if why := host.unserved(via); why != "" {
			return Route{}, why, unsuited
		}
	}
	p = e.Medium.Of(p)
	loader := FindLoader(e.Loader)
	form, why, near := loader.form(e, c, p, host)
	if why == "" && loader.Refuses != nil {
		why, near = loader.Refuses(c, p), unsuited
	}
	if why != "" {
		return Route{}, why, near
	}
	r = e.route().brought(c, p)
	r.Form = form
	if form == LocalForm && e.Loader == boot.ROM {
		r.Give, r.Why = LocalDisk, "a menu of PXE's with nothing but the local disk in it, which firmware takes at once (PXE 2.1 section 2.2.4, type 0)"
	}
	if form == DiskForm && p.Kind() == boot.KindXen {
		r = r.asXenDisk()
	}
	if form == GRUBMemdiskForm {
		r.Why = "GRUB without a shim, and the disk in it: it follows the grub.cfg on that; what boots has in its memory what GRUB loads, and sees no disk"
	}
	if why = r.drawsNothing(c, p, host); why != "" {
		return r, why, unsuited
	}
	if e.Build == "" && loader.Unable != nil {
		return r, loader.Unable(c, form), unsuited
	}
	if e.Shim {
		if why, near = host.noChainTo(p, e, c); why == "" {
			why, near = host.unnamed(r), stopped
		}
		r.Binary = host.shimFor(p, r, c)
		return r, why, near
	}
	if e.Build == "" {
		return r, host.unnamed(r), unsuited
	}
	if why, near = host.given(r, c); why == "" {
		why, near = host.unnamed(r), unsuited
	}
	r.Binary = host.Loaders.pinned(r, c)
	return r, why, near
}

// form is the first form of a payload that the loader of an entry brings to this
// machine, or what is in the way of the last.
func (l Loader) form(e Entry, c boot.Client, p boot.Payload, host Host) (form Form, why string, near nearness) {
	forms := l.Brings
	if e.Build == "" {
		forms = slices.Concat(l.Brings, l.Chains)
	}
	return l.formAmong(forms, e, c, p, host)
}

// formAmong is the first of some forms that a payload has for a machine, or what is in
// the way of the last.
func (l Loader) formAmong(forms []Form, e Entry, c boot.Client, p boot.Payload, host Host) (form Form, why string, near nearness) {
	why, near = l.startsNo(c, p), unsuited
	if _, ok := p.Content.(boot.Bringer); ok && p.Kind() != boot.KindDisk && p.Kind() != boot.KindCOM32 || l.Name == boot.Apple {
		near = aside
	}
	for _, brought := range forms {
		for _, row := range Forms() {
			if row.Form != brought || !row.isFor(c, p) {
				continue
			}
			if why, near = row.Obstacle(c, p, host), unsuited; why == "" {
				why, near = row.lacks(c, host), missing
			}
			if why == "" {
				if why, near = l.brought(row.Form, e, c, host), missing; e.Shim {
					near = unsuited // whatever this host has
				}
			}
			if why == "" {
				return row.Form, "", 0
			}
		}
	}
	return "", why, near
}

// brought says why none of a loader's binaries that this host has for an entry brings a
// form which others of it bring, or "". Who signed one that a shim starts has left out
// what Secure Boot forbids.
func (l Loader) brought(form Form, e Entry, c boot.Client, host Host) string {
	switch {
	case e.Build == "" || l.Needs == nil || l.Needs(form) == 0:
		return ""
	case e.Shim && form == GRUBMemdiskForm:
		return "Spur puts no disk into a GRUB that a shim starts, whose signature would be wrong then"
	case e.Shim:
		return fmt.Sprintf("a %s that a shim starts has no command for such kernels, which Secure Boot forbids", l.Kind)
	}
	r := e.route()
	r.Form = form
	all, why := host.Loaders.candidates(r, c)
	if len(all) > 0 {
		return ""
	}
	return why
}

// startsNo says that a loader has no form for a kind of payload.
func (l Loader) startsNo(c boot.Client, p boot.Payload) string {
	who, what := "iPXE", "a Linux kernel"
	switch l.Name {
	case boot.ROM:
		who = "UEFI firmware"
		if c.Firmware == boot.BIOS {
			who = "a BIOS"
		}
	case boot.GRUB:
		who = "GRUB"
	case boot.GPXE:
		who = "gPXE"
	case boot.GRUBLegacy:
		who = "GRUB Legacy"
	case boot.RPi:
		who = "a Raspberry Pi's bootloader"
	case boot.UBoot, boot.UBootEFI:
		who = "U-Boot"
	case boot.Apple:
		who = "a Mac"
	case boot.PXELINUX, boot.Syslinux:
		who = "Syslinux"
	}
	switch p.Kind() {
	case boot.KindScript:
		what = "an iPXE script"
	case boot.KindEFI:
		what = "an EFI application"
	case boot.KindMultiboot:
		what = "a Multiboot kernel"
	case boot.KindTagged:
		what = "a tagged image (NBI)"
	case boot.KindXen:
		what = "Xen's program for UEFI"
	case boot.KindCOM32:
		what = "a Syslinux module"
	case boot.KindNBP, boot.KindFolder:
		return p.Title() + " brings its own loader, and Spur puts none before it"
	case boot.KindNetBoot:
		what = "a NetBoot image"
	case boot.KindDisk:
		what = "a disk"
	case boot.KindWIM:
		what = "a Windows image"
	case boot.KindMenu:
		return "Spur has " + who + " draw no menus"
	case boot.KindInquiry:
		return "of all loaders iPXE alone tells its machine's serial number"
	case boot.KindLocal:
		return "Spur doesn't load " + who + " for what the firmware does itself"
	}
	return fmt.Sprintf("%s is %s, which %s can't start by itself", p.Title(), what, who)
}

// FormFits tells whether a payload can be served in a form to a machine by a host.
func FormFits(form Form, c boot.Client, p boot.Payload, host Host) bool {
	return slices.ContainsFunc(Forms(), func(row FormRow) bool {
		return row.Form == form && row.isFor(c, p) && row.Obstacle(c, p, host) == "" && row.lacks(c, host) == ""
	})
}

// isFor tells whether a row is for what boots there.
func (f FormRow) isFor(c boot.Client, p boot.Payload) bool {
	return f.Kind == p.Kind() && (f.Firmware == "" || f.Firmware == c.Firmware)
}

// lacks says what this host hasn't that the form is put together with, or "".
func (f FormRow) lacks(c boot.Client, host Host) string {
	if f.With == "" {
		return ""
	}
	l := FindLoader(f.With)
	build, ok := l.buildFor(c)
	if !ok {
		return fmt.Sprintf("there is no %s for %s", l.Name, c.Platform())
	}
	if _, ok := host.Loaders.Find(build.File, c); !ok {
		return host.notFound(build.File, l, c, "")
	}
	return ""
}
