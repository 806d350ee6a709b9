package daemon

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// outlook is what is known of boots before a machine asks.
type outlook struct {
	host    route.Host
	proxied bool // IPv4 addresses come from a DHCP server on another host
	ipv6    bool // machines that ask over IPv6 reach us
}

// outlook says what machines will be given, once it is known who else answers them,
// and warns of those that can't be booted.
func (d *daemon) outlook(s *service, l looked) {
	o := outlook{host: d.host, proxied: s.offers4 != nil && s.offers4.Proxied()}
	if o.ipv6 = len(d.config.pointers6(d.host)) > 0; s.links6 != nil {
		o.ipv6 = s.links6.surroundings() != ""
	}
	for _, w := range slices.Concat(o.withoutWay(l), o.refused(l)) {
		d.notices.warn(w)
	}
	d.given, _ = o.given(l) // that there is a machine for it is known
}

// asks is a client as its request will show it.
func (o outlook) asks(c boot.Client) boot.Client {
	c.Proxied = o.proxied && !c.IPv6
	return c
}

// overEach are clients over each version of IP by which they can ask: of UEFI
// firmware, each, and no iPXE says over IPv6 what it can't do.
func (o outlook) overEach(clients []boot.Client) []boot.Client {
	all := slices.Clone(clients)
	for _, c := range clients {
		if o.ipv6 && c.Firmware == boot.UEFI && c.Proto != boot.BSDP && (c.Loader != boot.IPXE || c.Features == boot.UsualIPXE) {
			c.IPv6 = true
			all = append(all, c)
		}
	}
	return all
}

// withoutWay says of architectures for which there is something to boot why their UEFI
// machines, switched on, can't be booted, in one line each.
func (o outlook) withoutWay(l looked) []string {
	switch {
	case l.menu != nil:
		return nil // machines are shown what they can boot
	case l.payload.Kind() == boot.KindNetBoot:
		return nil // it is for Macs
	}
	if folder, ok := l.payload.Content.(boot.Folder); ok {
		return o.withoutWayInto(folder, l.payload)
	}
	all := l.others
	arch := cmp.Or(l.payload.Arch(), boot.X64)
	if !slices.ContainsFunc(all, func(other forOne) bool { return other.arch == arch }) {
		all = append([]forOne{{arch, l}}, all...)
	}
	var warnings []string
	if _, ok := l.payload.Content.(boot.Bringer); ok {
		return nil // it is plain which machines its programs are for
	}
	for _, one := range all {
		if why := o.withoutWayTo(one.payload, one.arch); why != "" {
			warnings = append(warnings, why)
		}
	}
	return warnings
}

// withoutWayInto says so of a folder. It is plain which machines its programs are for.
func (o outlook) withoutWayInto(f boot.Folder, p boot.Payload) (warnings []string) {
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
func (o outlook) withoutWayTo(p boot.Payload, arch boot.Arch) string {
	rom := o.asks(boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM})
	why := route.Routes(rom, p, o.host).Obstacle(rom)
	if why == "" {
		return ""
	}
	if _, ok := o.pointed(rom, p); ok {
		return ""
	}
	http := rom
	http.Proto = boot.HTTP
	if len(route.Routes(http, p, o.host).Routes) == 0 {
		return fmt.Sprintf("no %s machine can be booted: %s", rom.Platform(), why)
	}
	return fmt.Sprintf("%s machines can't be booted over PXE: %s", rom.Platform(), why)
}
