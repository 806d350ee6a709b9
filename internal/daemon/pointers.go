package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/route"
)

// pointers says what to enter into a DHCP server that is to send machines here.
func pointers(c Config, host route.Host, interfaces []dhcp.Interface) []string {
	lines := []string{"It answers no DHCP. Enter this into your DHCP server:"}
	others := "otherwise, " + pointer(host, "for BIOS (option 93 = 0)", "undionly.kpxe", "file undionly.kpxe") +
		", " + pointer(host, "for UEFI x64 (option 93 = 7 or 9)", "snponly.efi", "file snponly.efi")
	servers := serverAddrs(c, interfaces)
	for _, server := range servers {
		lines = append(lines,
			fmt.Sprintf("  for machines on %s: next-server %s; for iPXE (user class \"iPXE\") file %s", server.Masked(), server.Addr(), c.scriptAt(server.Addr())),
			"  "+others)
		if c.HTTPPort != 0 {
			url := c.atRoot(server.Addr(), "snponly.efi")
			lines = append(lines, "  "+pointer(host, `for UEFI x64 by HTTP Boot (option 93 = 16, to be answered with option 60 "HTTPClient")`, "snponly.efi", "file "+url))
		}
	}
	lines = append(lines, c.pointers6(host)...)
	if len(servers) == 1 {
		lines = append(lines, "  In dnsmasq.conf, where no more is said of booting, that is:")
		for _, line := range dnsmasqLines(c, host, servers[0].Addr()) {
			lines = append(lines, "    "+line)
		}
	}
	return lines
}

// pointer says what to name to a kind of machine: nothing, where there is no such
// loader that it starts.
func pointer(host route.Host, machines, file, what string) string {
	if _, why := host.Named(file); why != "" {
		what = "nothing (" + why + ")"
	}
	return machines + " " + what
}

// pointers6 are those for a DHCPv6 server.
func (c Config) pointers6(host route.Host) []string {
	now, err := dhcp6.Look(c.Interfaces)
	if err != nil {
		return nil
	}
	var lines []string
	for _, i := range now.Serving {
		for _, p := range i.Addrs {
			if chosen := pools.Addrs(c.ServerAddrs, true); i.ServerFor(p.Addr()) != p.Addr() || len(chosen) > 0 && !slices.Contains(chosen, p.Addr()) {
				continue
			}
			lines = append(lines, fmt.Sprintf("  for machines on %s the boot file URL (option 59): for iPXE (user class \"iPXE\") %s, %s",
				p.Masked(), c.scriptAt(p.Addr()), pointer(host, "for UEFI x64 (option 61 = 7)", "snponly.efi", fmt.Sprintf("tftp://[%s]/snponly.efi", p.Addr()))))
		}
	}
	return lines
}

// scriptAt is the URL of iPXE's script at an address of this host.
func (c Config) scriptAt(server netip.Addr) string { return c.atRoot(server, route.IPXEScript) }

// atRoot is the URL of a file at the root at an address of this host.
func (c Config) atRoot(server netip.Addr, file string) string {
	scheme, port, usual := "http", c.HTTPPort, uint16(80)
	if port == 0 {
		scheme, port, usual = "https", c.HTTPS.Port, 0
	}
	host := net.JoinHostPort(server.String(), strconv.Itoa(int(port)))
	if port == usual {
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host + "/" + file
}
