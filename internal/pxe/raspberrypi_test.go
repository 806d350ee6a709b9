package pxe_test

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
)

// raspberryPi is the DISCOVER of a Raspberry Pi's bootloader, as its public
// documentation and reports describe it: options 60, 93 and 94 in
// raspberrypi/firmware issue 1928, 55 in raspberrypi/rpi-eeprom issue 69, and 97
// in the documentation of DHCP_OPTION97: four characters, the board's revision,
// the last bytes of its address, its serial number.
func raspberryPi(mac net.HardwareAddr, fourCC string) []byte {
	m := message(dhcpv4.MessageTypeDiscover, map[uint8][]byte{
		55: {1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135},
		60: []byte("PXEClient:Arch:00000:UNDI:002001"),
		93: {0, 0},
		94: {1, 2, 1},
	})
	m.ClientHWAddr = mac
	uuid := append([]byte{0}, fourCC...)
	uuid = append(append(uuid, 0x11, 0x31, 0xc0, 0x00), mac[2:6]...)
	m.Options[97] = append(uuid, 0x10, 0x2b, 0x3c, 0x4d)
	if fourCC == "" { // the serial number four times, as before 2020
		m.Options[97] = append([]byte{0}, "\x10\x2b\x3c\x4d\x10\x2b\x3c\x4d\x10\x2b\x3c\x4d\x10\x2b\x3c\x4d"...)
	}
	return dhcp.Marshal(m)
}

func read(t *testing.T, packet []byte) pxe.Request {
	t.Helper()
	m, err := dhcp.Parse(packet)
	if err != nil {
		t.Fatal(err)
	}
	return pxe.Read(m)
}

func TestRaspberryPi(t *testing.T) {
	foreign := net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1} // set by MAC_ADDRESS
	for name, r := range map[string]pxe.Request{
		"Pi 4":                       read(t, raspberryPi(net.HardwareAddr{0xdc, 0xa6, 0x32, 1, 0x36, 0xc2}, "RPi4")),
		"Pi 5":                       read(t, raspberryPi(net.HardwareAddr{0x2c, 0xcf, 0x67, 1, 2, 3}, "RPi5")),
		"Pi 3, by its address alone": read(t, raspberryPi(net.HardwareAddr{0xb8, 0x27, 0xeb, 1, 2, 3}, "")),
		"Pi 5, by its option 97":     read(t, raspberryPi(foreign, "RPi5")),
		"one that says what it is":   pxe.Read(discover(map[uint8][]byte{60: []byte("PXEClient:Arch:00041:UNDI:002001"), 93: {0, 41}})),
		"without option 93":          pxe.Read(rpiDiscover(map[uint8][]byte{60: []byte("PXEClient")})),
	} {
		if r.Speaker != pxe.RPi || !r.IsBoot() {
			t.Errorf("%s: %q speaks", name, r.Speaker)
		}
	}
}

// A PC, iPXE and UEFI firmware on a Raspberry Pi, and its system are no
// Raspberry Pi's bootloader.
func TestNoRaspberryPi(t *testing.T) {
	for name, c := range map[string]struct {
		message *dhcpv4.DHCPv4
		want    pxe.Speaker
	}{
		"a PC":              {discover(biosROM), pxe.ROM},
		"UEFI on a Pi":      {rpiDiscover(map[uint8][]byte{60: []byte("PXEClient:Arch:00011:UNDI:003000"), 93: {0, 11}}), pxe.ROM},
		"iPXE on a Pi":      {rpiDiscover(map[uint8][]byte{60: []byte("PXEClient:Arch:00011:UNDI:003010"), 93: {0, 11}, 77: []byte("iPXE")}), pxe.IPXE},
		"Linux on a Pi":     {rpiDiscover(map[uint8][]byte{60: []byte("udhcp 1.35.0")}), pxe.Linux},
		"nothing, on a Pi":  {rpiDiscover(nil), pxe.Unknown},
		"HTTP Boot on a Pi": {rpiDiscover(httpROM), pxe.ROM},
	} {
		if got := pxe.Read(c.message).Speaker; got != c.want {
			t.Errorf("%s: %q speaks, want %q", name, got, c.want)
		}
	}
}

func rpiDiscover(options map[uint8][]byte) *dhcpv4.DHCPv4 {
	m := discover(options)
	m.ClientHWAddr = net.HardwareAddr{0xd8, 0x3a, 0xdd, 1, 2, 3}
	return m
}

// What option 97 says of a board: captures name the folders (rpi-eeprom issue 687 and
// dnsmasq's logs), the documentation the constant of a 3B.
func TestRaspberryPiModel(t *testing.T) {
	uuid := func(v string) pxe.Request {
		return pxe.Read(rpiDiscover(map[uint8][]byte{60: []byte("PXEClient:Arch:00000:UNDI:002001"), 93: {0, 0}, 97: append([]byte{0}, v...)}))
	}
	for _, tt := range []struct {
		name          string
		request       pxe.Request
		model, serial string
	}{
		{"4", uuid("RPi4\x11\x31\xa0\x00\x32\x2e\xf8\xed\x10\x45\x15\x5b"), "Raspberry Pi 4", "5b154510"},
		{"5", uuid("RPi5\x11\x31\xa0\x00\x32\x2e\xf8\xed\x10\x45\x15\x0b"), "Raspberry Pi 5", "0b154510"},
		{"3B+, or bootcode.bin", uuid("\x16\x4c\x6c\xb6\x16\x4c\x6c\xb6\x16\x4c\x6c\xb6\x16\x4c\x6c\xb6"), "Raspberry Pi", "b66c4c16"},
		{"3B", uuid(strings.Repeat("\x44", 16)), "Raspberry Pi 3", ""},
		{"of MAC_ADDRESS and DHCP_OPTION97 unlike others", uuid("XXXX\x11\x31\xa0\x00\x32\x2e\xf8\xed\x10\x45\x15\x5b"), "Raspberry Pi", ""},
		{"none", pxe.Read(rpiDiscover(map[uint8][]byte{60: []byte("PXEClient")})), "Raspberry Pi", ""},
		{"a PC", pxe.Read(discover(biosROM)), "", ""},
	} {
		if tt.request.Model != tt.model || tt.request.Serial != tt.serial {
			t.Errorf("%s: %q, %q", tt.name, tt.request.Model, tt.request.Serial)
		}
	}
}

// rpiOption43 is what all models take: the capture of dnsmasq in the documentation
// ("DHCP Request / Reply"), with the three spaces that it says the ROM of a 3B needs.
var rpiOption43 = append([]byte("\x06\x01\x03\x0a\x04\x00PXE\x09\x17\x00\x00\x14Raspberry Pi Boot   "), 0xff)

// Beside a DHCP server and with addresses of ours, a Raspberry Pi gets option 43 and
// nothing that one of its bootloaders stumbles over.
func TestRaspberryPiReplies(t *testing.T) {
	m, err := dhcp.Parse(raspberryPi(net.HardwareAddr{0xdc, 0xa6, 0x32, 1, 0x36, 0xc2}, "RPi4"))
	if err != nil {
		t.Fatal(err)
	}
	b := pxe.Boot{Server: ourAddr, RootPath: "nfs:/root"}
	proxied, err := pxe.Offer(m, b)
	if err != nil {
		t.Fatal(err)
	}
	for name, reply := range map[string]*dhcpv4.DHCPv4{"a proxy's": proxied, "a server's": served(t, m, b)} {
		if got := reply.Options[43]; !bytes.Equal(got, rpiOption43) {
			t.Errorf("%s option 43 is % x", name, got)
		}
		if string(reply.Options[60]) != "PXEClient" || !reply.ServerIPAddr.Equal(net.IP(ourAddr.AsSlice())) || string(reply.Options[17]) != "nfs:/root" {
			t.Errorf("%s reply is %s", name, reply.Summary())
		}
		for _, code := range []uint8{66, 67, 175} {
			if v, ok := reply.Options[code]; ok {
				t.Errorf("%s reply has option %d: %q", name, code, v)
			}
		}
	}
	if answer, err := pxe.Answer(m, b); err != nil || !bytes.Equal(answer.Options[43], rpiOption43) {
		t.Errorf("on port 4011: %v, %v", answer, err)
	}
}
