package identify

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
)

// Who asks is told apart by what its packet shows: by its card, else by its
// identifier.
func TestClient6(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*dhcp6.Packet)
		mac    string
		loader boot.Loader
		arch   boot.Arch
	}{
		"its card": {func(*dhcp6.Packet) {}, "52:54:00:00:00:01", boot.ROM, boot.X64},
		"the sender's address": {func(p *dhcp6.Packet) {
			p.From = netip.MustParseAddrPort("[fe80::5054:ff:fe00:7]:546")
		}, "52:54:00:00:00:07", boot.ROM, boot.X64},
		"its identifier": {func(p *dhcp6.Packet) {
			p.Card = nil
			p.Message.UpdateOption(dhcpv6.OptClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: net.HardwareAddr{2, 0, 0, 0, 0, 9}}))
		}, "02:00:00:00:00:09", boot.ROM, boot.X64},
		"nothing but a UUID": {func(p *dhcp6.Packet) { p.Card = nil }, "0e:ce:28:e5:ec:f2", boot.ROM, boot.X64},
		"U-Boot": {func(p *dhcp6.Packet) {
			p.Message.UpdateOption(&dhcpv6.OptVendorClass{EnterpriseNumber: 1, Data: [][]byte{[]byte("U-Boot.armv8")}})
		}, "52:54:00:00:00:01", boot.UBoot, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := Request6(boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0, 0, 1}, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, IPv6: true, Server: netip.MustParseAddr("fd77::1"), UUID: boot.UUID(bytes.Repeat([]byte{1}, 16))}, dhcpv6.MessageTypeSolicit)
			tt.change(&p)
			c := Client6(dhcp6.Read(p), p)
			if c.MAC.String() != tt.mac || c.Loader != tt.loader || c.Arch != tt.arch || !c.IPv6 {
				t.Errorf("the client is %+v, %s", c, c.MAC)
			}
		})
	}
}
