package daemon

import (
	"net/netip"

	"github.com/spurboot/spur/internal/route"
)

// dnsmasqLines are the lines of dnsmasq.conf that send machines to an address of this host,
// as far as there are loaders that they start. The tags tell machines apart by the user
// class of iPXE (option 77) and by their architecture (option 93).
func dnsmasqLines(c Config, host route.Host, server netip.Addr) []string {
	lines := []string{
		"dhcp-userclass=set:ipxe,iPXE",
		"dhcp-boot=tag:ipxe," + c.scriptAt(server) + ",," + server.String(),
	}
	if _, why := host.Named("undionly.kpxe"); why == "" {
		lines = append(lines,
			"dhcp-match=set:bios,option:client-arch,0",
			"dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,,"+server.String())
	}
	if _, why := host.Named("snponly.efi"); why != "" {
		return lines
	}
	lines = append(lines,
		"dhcp-match=set:x64,option:client-arch,7",
		"dhcp-match=set:x64,option:client-arch,9",
		"dhcp-boot=tag:!ipxe,tag:x64,snponly.efi,,"+server.String())
	if c.HTTPPort != 0 {
		lines = append(lines,
			"dhcp-match=set:httpboot,option:client-arch,16",
			"dhcp-option-force=tag:!ipxe,tag:httpboot,option:vendor-class,HTTPClient",
			"dhcp-boot=tag:!ipxe,tag:httpboot,"+c.atRoot(server, "snponly.efi"))
	}
	return lines
}
