package dhcp

import (
	"encoding/hex"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/leases"
)

// ClientKey is how a server tells clients apart (RFC 2131 section 4.2): by
// option 61 if it was sent, else by hardware type and address. The latter is
// what many clients send as option 61 (RFC 2132 section 9.14), and both are one
// key: edk2 sends none, the iPXE that it loads and busybox in the initrd after
// it do, and a machine keeps its address through its boot. It is empty for a
// client that says nothing about itself.
func ClientKey(m *dhcpv4.DHCPv4) string {
	id := m.Options.Get(dhcpv4.OptionClientIdentifier)
	if len(id) == 0 && len(m.ClientHWAddr) > 0 {
		id = append([]byte{byte(m.HWType)}, m.ClientHWAddr...)
	}
	return hex.EncodeToString(id)
}

// clientOf is who would hold an address by a request.
func clientOf(m *dhcpv4.DHCPv4) leases.Holder { return leases.Holder{Client: ClientKey(m)} }
