package dhcp6_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/dhcp6"
)

func TestReadFirmware(t *testing.T) {
	m := message(dhcpv6.MessageTypeSolicit, 1, append(firmware("PXEClient:Arch:00007:UNDI:003016", 7),
		&dhcpv6.OptNetworkInterfaceID{Typ: 1, Major: 3, Minor: 16})...)
	r := dhcp6.Read(heard(m))
	if !r.IsBoot() || r.Class != dhcp6.PXEClient || r.Archs[0] != 7 || r.NDI != (dhcp6.NDI{Type: 1, Major: 3, Minor: 16}) || !r.Wants(59) || r.Wants(3) {
		t.Errorf("read as %+v", r)
	}
	// The DUID is another card's; the link-local address is the one that asks.
	if r.MAC.String() != card.String() {
		t.Errorf("the card is %s", r.MAC)
	}
}

// TestIsBoot tells machines that boot from systems and firmware that only want
// an address.
func TestIsBoot(t *testing.T) {
	for what, c := range map[string]struct {
		options []dhcpv6.Option
		boots   bool
		arch    uint16
	}{
		"edk2's IPv6 stack":         {[]dhcpv6.Option{dhcpv6.OptRequestedOption(23)}, false, 0},
		"edk2's HTTP Boot":          {firmware("HTTPClient:Arch:00016:UNDI:003001", 16), true, 16},
		"only a class":              {[]dhcpv6.Option{vendorClass(343, "PXEClient:Arch:00011:UNDI:003000\x00")}, true, 11},
		"an iPXE":                   {[]dhcpv6.Option{&dhcpv6.OptUserClass{UserClasses: [][]byte{[]byte("iPXE")}}}, true, 0},
		"a U-Boot":                  {[]dhcpv6.Option{vendorClass(0, "U-Boot")}, true, 0},
		"a system that wants all":   {[]dhcpv6.Option{dhcpv6.OptRequestedOption(59), vendorClass(40712, "dhcpcd")}, false, 0},
		"an architecture by itself": {[]dhcpv6.Option{dhcpv6.OptClientArchType(iana.EFI_ARM64)}, true, 11},
	} {
		r := dhcp6.Read(heard(message(dhcpv6.MessageTypeSolicit, 1, c.options...)))
		if r.IsBoot() != c.boots {
			t.Errorf("%s: boots %v", what, r.IsBoot())
		}
		if c.arch != 0 && (len(r.Archs) != 1 || r.Archs[0] != c.arch) {
			t.Errorf("%s: architectures %v", what, r.Archs)
		}
	}
}

func TestReadIdentity(t *testing.T) {
	uuid := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	for what, c := range map[string]struct {
		id      dhcpv6.DUID
		from    string
		mac     string
		hasUUID bool
	}{
		"LLT, private address":     {&dhcpv6.DUIDLLT{HWType: 1, LinkLayerAddr: mac}, "fe80::1234:5678:9abc:def0", mac.String(), false},
		"LL, address of a card":    {&dhcpv6.DUIDLL{HWType: 1, LinkLayerAddr: mac}, "fe80::5054:ff:fe77:1", card.String(), false},
		"UUID, address of a card":  {&dhcpv6.DUIDUUID{UUID: uuid}, "fe80::5054:ff:fe77:1", card.String(), true},
		"UUID, private address":    {&dhcpv6.DUIDUUID{UUID: uuid}, "fe80::1234:5678:9abc:def0", "", true},
		"no UUID programmed":       {&dhcpv6.DUIDUUID{}, "fe80::5054:ff:fe77:1", card.String(), false},
		"InfiniBand, global":       {&dhcpv6.DUIDLL{HWType: 32, LinkLayerAddr: mac}, "2001:db8::5054:ff:fe77:1", "", false},
		"a DUID of unknown making": {&dhcpv6.DUIDOpaque{Type: 77, Data: []byte{1}}, "fe80::5054:ff:fe77:1", card.String(), false},
	} {
		p := heard(&dhcpv6.Message{MessageType: dhcpv6.MessageTypeSolicit})
		p.Message.AddOption(dhcpv6.OptClientID(c.id))
		p.From = netip.AddrPortFrom(netip.MustParseAddr(c.from), 546)
		r := dhcp6.Read(p)
		if r.MAC.String() != c.mac || r.HasUUID != c.hasUUID || string(r.DUID) != string(c.id.ToBytes()) {
			t.Errorf("%s: read as %s, %x %v, %x", what, r.MAC, r.UUID, r.HasUUID, r.DUID)
		}
		if r.HasUUID && r.UUID != uuid {
			t.Errorf("%s: UUID %x", what, r.UUID)
		}
	}
}

// TestOneUUID: edk2 and the iPXE that it starts send one machine's UUID in two
// orders.
func TestOneUUID(t *testing.T) {
	seen := map[[16]byte]bool{}
	for _, s := range captured(t) {
		m, _, err := dhcp6.Parse(s.payload)
		if err != nil {
			t.Fatal(err)
		}
		if r := dhcp6.Read(heard(m)); r.HasUUID {
			seen[r.UUID] = true
		}
	}
	want := [16]byte{0x52, 0x1c, 0x3f, 0x8a, 0x0e, 0x6d, 0x7a, 0x4b, 0x9c, 0x21, 0x52, 0x54, 0x00, 0x77, 0x00, 0x01}
	if len(seen) != 1 || !seen[want] {
		t.Errorf("read as %v", seen)
	}
}
