package identify

import (
	"crypto/sha256"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/pxe"
)

// Client6 translates what a DHCPv6 request says into the vocabulary of boots.
func Client6(r dhcp6.Request, p dhcp6.Packet) boot.Client {
	c := boot.Client{
		MAC: machineOf(r), Proto: boot.PXE, Loader: boot.ROM, IPv6: true,
		Interface: p.Interface.Name, Server: p.Server, Relay: p.Relay(),
	}
	copy(c.Sender[:], p.Sender)
	if r.HasUUID {
		c.UUID = r.UUID
	}
	if len(r.Archs) > 0 {
		c.Firmware, c.Arch = platform(pxe.Arch(r.Archs[0]))
	}
	switch {
	case r.IPXE:
		// It tells nothing of what it can do (src/net/udp/dhcpv6.c).
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE
	case strings.HasPrefix(r.ClassID, "U-Boot"):
		c.Loader, c.Firmware, c.Arch = boot.UBoot, boot.Board, ""
	case r.Class == dhcp6.HTTPClient:
		c.Proto = boot.HTTP
	}
	return c
}

// machineOf is the hardware address of the card that asks. For a machine that
// shows none it is one made of its identifier (DUID), which stays the same: a
// locally administered one, which no card has (IEEE 802).
func machineOf(r dhcp6.Request) boot.MAC {
	switch {
	case len(r.MAC) == len(boot.MAC{}):
		return boot.MAC(r.MAC)
	case len(r.DUID) == 0:
		return boot.MAC{}
	}
	sum := sha256.Sum256(r.DUID)
	sum[0] = sum[0]&^1 | 2
	return boot.MAC(sum[:6])
}
