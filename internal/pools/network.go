package pools

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// NetworkOf is that of the interface on whose wire an address is; the zero value
// where it is on none.
func NetworkOf(interfaces []dhcp6.Interface, a netip.Addr) netip.Prefix {
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			if prefix.Contains(a) {
				return prefix.Masked()
			}
		}
	}
	return netip.Prefix{}
}

// Unpooled warns of pools of which none is on a network that Spur serves: fine
// behind a relay, and else mistyped. It is empty where one is.
func Unpooled(interfaces []dhcp.Interface, pools []dhcp.Pool) string {
	var served, behind []netip.Prefix
	for _, i := range interfaces {
		served = append(served, i.Addrs...)
	}
	for _, p := range pools {
		if slices.ContainsFunc(interfaces, func(i dhcp.Interface) bool { return i.OnLink(p.First) }) {
			return ""
		}
		behind = append(behind, p.Prefix)
	}
	return unpooled("addresses", behind, served, Describe(interfaces))
}

// Unpooled6 warns of pools of which none is on a network that Spur serves; it is
// empty where one is.
func Unpooled6(interfaces []dhcp6.Interface, pools []dhcp6.Pool) string {
	var served, behind []netip.Prefix
	for _, i := range interfaces {
		served = append(served, i.Addrs...)
	}
	for _, p := range pools {
		if NetworkOf(interfaces, p.First).IsValid() {
			return ""
		}
		behind = append(behind, p.Prefix)
	}
	return unpooled("IPv6 addresses", behind, served, Describe6(interfaces))
}

// unpooled is the warning of pools for networks that are not those served, which are
// described for people.
func unpooled(what string, behind, served []netip.Prefix, described string) string {
	own := "A-B"
	if len(served) > 0 {
		own = served[len(served)-1].Masked().String()
	}
	var relayed []string
	for _, network := range behind {
		relayed = append(relayed, network.String())
	}
	return fmt.Sprintf("only machines behind a relay on %s get %s; those on %s get none: for them add --pool %s, or give an interface an address in %s",
		strings.Join(relayed, ", "), what, described, own, relayed[0])
}

// Describe lists interfaces with their addresses for people.
func Describe(interfaces []dhcp.Interface) string {
	if len(interfaces) == 0 {
		return "no interface over IPv4"
	}
	text := ""
	for n, i := range interfaces {
		if n > 0 {
			text += ", "
		}
		text += i.Name
		for _, prefix := range i.Addrs {
			text += " " + prefix.String()
		}
	}
	return text
}

// Describe6 lists interfaces for people, with the IPv6 address that
// machines on each of their networks are told.
func Describe6(interfaces []dhcp6.Interface) string {
	var all []string
	for _, i := range interfaces {
		text := i.Name
		for _, prefix := range i.Addrs {
			if i.ServerFor(prefix.Addr()) == prefix.Addr() {
				text += " " + prefix.String()
			}
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "no interface over IPv6"
	}
	return strings.Join(all, ", ")
}
