package identify

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/pxe"
)

// Request is the DISCOVER that a client like this one would send.
func Request(c boot.Client) *dhcpv4.DHCPv4 {
	if c.Loader == boot.UBoot {
		return uBootRequest(c)
	}
	class := "PXEClient"
	if c.Proto == boot.HTTP {
		class = "HTTPClient"
	}
	arch := ArchOf(c)
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, ClientHWAddr: c.MAC[:], Options: dhcpv4.Options{},
	}
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
	m.UpdateOption(dhcpv4.OptClassIdentifier(fmt.Sprintf("%s:Arch:%05d:UNDI:003016", class, arch)))
	m.UpdateOption(dhcpv4.OptClientArch(iana.Arch(arch)))
	if !c.UUID.IsZero() {
		m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientMachineIdentifier, append([]byte{0}, c.UUID[:]...)))
	}
	switch c.Loader {
	case boot.IPXE:
		m.UpdateOption(dhcpv4.OptUserClass("iPXE"))
	case boot.GPXE:
		m.UpdateOption(dhcpv4.OptUserClass("gPXE"))
	}
	return m
}

// uBootRequest is that of U-Boot, which names its architecture on ARM alone, unless it
// looks for an EFI application.
func uBootRequest(c boot.Client) *dhcpv4.DHCPv4 {
	class, arch := "U-Boot", pxe.ArchBIOS
	switch {
	case c.Firmware == boot.UEFI:
		arch = ArchOf(c)
		class = fmt.Sprintf("PXEClient:Arch:%05d:UNDI:003000", arch)
	case c.Arch == boot.ARM:
		class, arch = "U-Boot.armv7", pxe.ArchARMUBoot
	case c.Arch == boot.ARM64:
		class, arch = "U-Boot.armv8", pxe.ArchARM64UBoot
	}
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, ClientHWAddr: c.MAC[:], Options: dhcpv4.Options{},
	}
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
	m.UpdateOption(dhcpv4.OptClassIdentifier(class))
	if arch != pxe.ArchBIOS {
		m.UpdateOption(dhcpv4.OptClientArch(iana.Arch(arch)))
	}
	m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientNetworkInterfaceIdentifier, []byte{1, 0, 0}))
	return m
}

// ArchOf is the number of option 93 for a client, the inverse of platform.
func ArchOf(c boot.Client) pxe.Arch {
	for a := range pxe.ArchLoong64HTTP + 1 {
		http := strings.HasSuffix(a.String(), " HTTP")
		firmware, arch := platform(a)
		if firmware == c.Firmware && arch == c.Arch && http == (c.Proto == boot.HTTP) && a != pxe.ArchEBC && a != pxe.ArchEBCHTTP {
			return a
		}
	}
	return pxe.ArchBIOS
}

// MacRequest is a message of BSDP of a Mac like this one. It chooses what is booted
// where nobody does.
func MacRequest(c boot.Client, kind bsdp.Message) *dhcpv4.DHCPv4 {
	model := "iMac14,3"
	switch {
	case c.Firmware == boot.OpenFirmware:
		model = "PowerMac3,6"
	case c.Arch == boot.X86:
		model = "iMac4,1"
	}
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, ClientHWAddr: c.MAC[:], Options: dhcpv4.Options{},
		ClientIPAddr: c.Server.Next().AsSlice(), // an example
	}
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeInform))
	m.UpdateOption(dhcpv4.OptClassIdentifier(bsdp.VendorClass + "/" + c.NetBootArch() + "/" + model))
	vendor := []byte{byte(bsdp.CodeMessage), 1, byte(kind), byte(bsdp.CodeVersion), 2, 1, 1}
	if kind == bsdp.MessageSelect {
		server := c.Server.As4()
		vendor = append(append(vendor, byte(bsdp.CodeServer), 4), server[:]...)
	}
	m.Options[dhcpv4.OptionVendorSpecificInformation.Code()] = vendor
	return m
}

// Neighbour is another address on the network of one, for an example.
func Neighbour(a netip.Addr) netip.Addr {
	next := a.Next()
	if next.As4()[3] == 255 || !next.IsValid() {
		next = a.Prev()
	}
	return next
}
