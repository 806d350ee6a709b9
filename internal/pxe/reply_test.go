package pxe_test

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/pxe"
)

var (
	biosROM = map[uint8][]byte{60: []byte("PXEClient:Arch:00000:UNDI:002001"), 93: {0, 0}}
	uefiROM = map[uint8][]byte{60: []byte("PXEClient:Arch:00007:UNDI:003016"), 93: {0, 7}}
	httpROM = map[uint8][]byte{60: []byte("HTTPClient:Arch:00016:UNDI:003016"), 93: {0, 16}}
	ipxe    = map[uint8][]byte{60: []byte("PXEClient:Arch:00000:UNDI:002001"), 93: {0, 0}, 77: []byte("iPXE")}
	boot    = pxe.Boot{Server: netip.MustParseAddr("192.0.2.1"), File: "boot"}
)

func TestVendorOptionsInProxyReplies(t *testing.T) {
	menu := map[uint8][]byte{60: []byte("PXEClient"), 43: {0, 71, 4, 0x80, 0, 0, 0, 255}}
	for name, c := range map[string]struct {
		options map[uint8][]byte
		want    []byte
	}{
		"BIOS takes the file at once":        {biosROM, []byte{6, 1, 8, 255}},
		"UEFI would forget the offer":        {uefiROM, nil},
		"HTTP has no vendor options":         {httpROM, nil},
		"iPXE needs none":                    {ipxe, nil},
		"the item of a menu is repeated":     {menu, []byte{6, 1, 8, 71, 4, 0x80, 0, 0, 0, 255}},
		"a class without a number is a BIOS": {map[uint8][]byte{60: []byte("PXEClient")}, []byte{6, 1, 8, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			reply, err := pxe.Offer(discover(c.options), boot)
			if err != nil {
				t.Fatal(err)
			}
			if got := reply.Options[43]; !bytes.Equal(got, c.want) {
				t.Errorf("got % x, want % x", got, c.want)
			}
		})
	}
}

// Only iPXE is told a priority: its settings come from every server that it
// heard, and those of the DHCP server would be preferred.
func TestPriorityInProxyReplies(t *testing.T) {
	for name, c := range map[string]struct {
		options map[uint8][]byte
		want    string
	}{"iPXE": {ipxe, "\x01\x01\x01"}, "BIOS": {biosROM, ""}, "UEFI": {uefiROM, ""}} {
		reply, err := pxe.Offer(discover(c.options), boot)
		if err != nil || string(reply.Options[175]) != c.want {
			t.Errorf("%s: option 175 is % x, want % x (%v)", name, reply.Options[175], c.want, err)
		}
	}
}

func TestDirect(t *testing.T) {
	b := boot
	b.Shape.Discovery = pxe.InOffer
	for name, c := range map[string]struct {
		options map[uint8][]byte
		want    []byte
	}{"UEFI": {uefiROM, []byte{6, 1, 8, 255}}, "HTTP": {httpROM, nil}, "iPXE": {ipxe, nil}} {
		reply, err := pxe.Offer(discover(c.options), b)
		if err != nil || !bytes.Equal(reply.Options[43], c.want) {
			t.Errorf("%s: % x, want % x (%v)", name, reply.Options[43], c.want, err)
		}
	}
}

func TestProxyReply(t *testing.T) {
	m := message(dhcpv4.MessageTypeRequest, uefiROM)
	m.Options[82], m.Options[97], m.Options[61] = []byte{1, 1, 7}, make([]byte, 17), []byte{1, 2}
	m.GatewayIPAddr, m.ClientIPAddr, m.Flags = net.IP{198, 51, 100, 1}, net.IP{198, 51, 100, 9}, 0x8000
	b := boot
	b.RootPath, b.Options = "nfs:192.0.2.1:/root", map[uint8][]byte{210: []byte("/k3/"), 54: {9, 9, 9, 9}}
	reply, err := pxe.Answer(m, b)
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[uint8]string{
		17: "nfs:192.0.2.1:/root", 53: "\x05", 54: "\xc0\x00\x02\x01", 60: "PXEClient", 66: "192.0.2.1", 67: "boot",
		82: "\x01\x01\x07", 97: string(make([]byte, 17)), 210: "/k3/",
	} {
		if got := string(reply.Options[code]); got != want {
			t.Errorf("option %d is %q, want %q", code, got, want)
		}
	}
	for _, code := range []uint8{1, 43, 51, 61, 93, 94} {
		if v, ok := reply.Options[code]; ok {
			t.Errorf("option %d is there: %q", code, v)
		}
	}
	if !reply.YourIPAddr.IsUnspecified() || !reply.GatewayIPAddr.Equal(m.GatewayIPAddr) || !reply.ClientIPAddr.Equal(m.ClientIPAddr) ||
		reply.Flags != m.Flags || reply.BootFileName != "boot" || reply.ServerHostName != "192.0.2.1" || reply.TransactionID != m.TransactionID {
		t.Errorf("fields: %s", reply.Summary())
	}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		options map[uint8][]byte
		class   string
		ipxe    string
	}{
		"BIOS": {biosROM, "", ""}, "UEFI": {uefiROM, "", ""},
		"HTTP": {httpROM, "HTTPClient", ""}, "iPXE": {ipxe, "", "\x01\x01\x01\xb0\x01\x01"},
	} {
		t.Run(name, func(t *testing.T) {
			reply := message(dhcpv4.MessageTypeOffer, nil)
			if err := pxe.Apply(reply, discover(c.options), boot); err != nil {
				t.Fatal(err)
			}
			if got := string(reply.Options[60]); got != c.class {
				t.Errorf("class %q, want %q", got, c.class)
			}
			if got := string(reply.Options[175]); got != c.ipxe {
				t.Errorf("option 175 % x, want % x", got, c.ipxe)
			}
			if reply.Options[43] != nil || string(reply.Options[67]) != "boot" || reply.BootFileName != "boot" {
				t.Errorf("reply: %s", reply.Summary())
			}
		})
	}
}

func TestLongNames(t *testing.T) {
	for name, c := range map[string]struct {
		options map[uint8][]byte
		size    int
		field   bool // whether the name is in the field file
		ok      bool
	}{
		"ROM 127":  {uefiROM, 127, true, true},
		"ROM 128":  {uefiROM, 128, false, false},
		"HTTP 127": {httpROM, 127, true, true},
		"HTTP 255": {httpROM, 255, false, true},
		"HTTP 256": {httpROM, 256, false, false},
		"iPXE 200": {ipxe, 200, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := pxe.Boot{Server: boot.Server, File: strings.Repeat("x", c.size)}
			reply, err := pxe.Offer(discover(c.options), b)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, pxe.ErrTooLong) {
				t.Fatalf("error: %v", err)
			}
			if c.ok && (reply.BootFileName == b.File) != c.field {
				t.Errorf("file is %q", reply.BootFileName)
			}
		})
	}
	if _, err := pxe.Offer(discover(uefiROM), pxe.Boot{File: "x"}); !errors.Is(err, pxe.ErrNoServer) {
		t.Errorf("without a server: %v", err)
	}
}

func TestProxied(t *testing.T) {
	for _, c := range []struct {
		port uint16
		kind dhcpv4.MessageType
		want bool
		is   dhcpv4.MessageType
	}{
		{67, dhcpv4.MessageTypeDiscover, true, dhcpv4.MessageTypeOffer},
		{67, dhcpv4.MessageTypeRequest, false, 0},
		{67, dhcpv4.MessageTypeInform, false, 0},
		{4011, dhcpv4.MessageTypeDiscover, true, dhcpv4.MessageTypeOffer},
		{4011, dhcpv4.MessageTypeRequest, true, dhcpv4.MessageTypeAck},
		{4011, dhcpv4.MessageTypeInform, true, dhcpv4.MessageTypeAck},
		{4011, dhcpv4.MessageTypeRelease, false, 0},
	} {
		if got := pxe.Proxied(c.port, c.kind); got != c.want {
			t.Errorf("%d %s: %v", c.port, c.kind, got)
		}
		answer := pxe.Answer
		if c.port == pxe.ServerPort {
			answer = pxe.Offer
		}
		reply, err := answer(message(c.kind, uefiROM), boot)
		if (err == nil) != c.want || err == nil && reply.MessageType() != c.is {
			t.Errorf("%d %s: %v %v", c.port, c.kind, reply, err)
		}
	}
}
