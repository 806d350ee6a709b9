package outlook

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// WithoutWay says of architectures for which there is something to boot why their UEFI
// machines, switched on, can't be booted, in one line each.
func (o Outlook) WithoutWay(t Target) []string {
	switch {
	case len(t.Items) > 0, t.Payload.Kind() == boot.KindMenu, t.Payload.Kind() == boot.KindLocal:
		return nil // machines are shown what they can boot
	case t.Payload.Kind() == boot.KindNetBoot:
		return nil // it is for Macs
	}
	if folder, ok := t.Payload.Content.(boot.Folder); ok {
		return o.withoutWayInto(folder, t.Payload)
	}
	if disk, ok := t.Payload.Content.(boot.Disk); ok {
		return o.withoutWayToDisk(disk, t.Payload)
	}
	if _, ok := t.Payload.Content.(boot.Bringer); ok || forUBoot(t.Payload) {
		return nil // it is plain which machines its programs are for
	}
	all := slices.DeleteFunc(slices.Clone(t.Others), func(other ForArch) bool { return other.Found })
	arch := cmp.Or(t.Payload.Arch(), boot.X64)
	if !slices.ContainsFunc(all, func(other ForArch) bool { return other.Arch == arch }) {
		all = append([]ForArch{{Arch: arch, Payload: t.Payload}}, all...)
	}
	var warnings []string
	for _, one := range all {
		if why := o.withoutWayTo(one.Payload, one.Arch); why != "" {
			warnings = append(warnings, why)
		}
	}
	return warnings
}

// withoutWayInto says so of a folder. It is plain which machines its programs are for.
func (o Outlook) withoutWayInto(f boot.Folder, p boot.Payload) (warnings []string) {
	for _, program := range f.Programs {
		if program.Firmware != boot.UEFI {
			continue
		}
		if why := o.withoutWayTo(p, program.Arch); why != "" {
			warnings = append(warnings, why)
		}
	}
	return warnings
}

// withoutWayTo says so of one payload, or "". A machine that boots by HTTP alone has
// been set up to.
func (o Outlook) withoutWayTo(p boot.Payload, arch boot.Arch) string {
	rom := o.Asks(boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM})
	why := route.Routes(rom, p, o.Host).Obstacle(rom)
	if why == "" || !o.Kinds.has(rom) {
		return ""
	}
	if _, ok := o.pointed(rom, p); ok {
		return ""
	}
	own := o.unlessOwn(rom, p)
	if o.booted(everyUEFI(arch), p, isHTTPBoot) {
		return fmt.Sprintf("no %s machine can be booted over PXE%s: %s", rom.Platform(), own, why)
	}
	if o.booted(append(everyUEFI(arch), everyUBoot(arch)...), p, isUEFI) {
		return fmt.Sprintf("no %s machine can be booted by its ROM or HTTP Boot%s: %s", rom.Platform(), own, why)
	}
	return fmt.Sprintf("no %s machine can be booted: %s", rom.Platform(), why)
}

// unlessOwn excepts machines that have an iPXE of their own, where those have a way.
func (o Outlook) unlessOwn(rom boot.Client, p boot.Payload) string {
	if o.booted(everySpeaker(rom), p, isIPXE) {
		return ", unless it has an iPXE of its own"
	}
	return ""
}

// booted tells whether some of the clients that are meant have a way.
func (o Outlook) booted(clients []boot.Client, p boot.Payload, meant func(boot.Client) bool) bool {
	return slices.ContainsFunc(clients, func(c boot.Client) bool {
		return meant(c) && len(route.Routes(o.Asks(c), p, o.Host).Routes) > 0
	})
}

func isHTTPBoot(c boot.Client) bool { return c.Loader == boot.ROM && c.Proto == boot.HTTP }
func isIPXE(c boot.Client) bool     { return c.Loader == boot.IPXE }
func isUEFI(c boot.Client) bool     { return c.Firmware == boot.UEFI }
