package dissect_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/dissect"
)

// bytesOf reads hexadecimal digits with blanks between them.
func bytesOf(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// message is a DHCP message with these options.
func message(options ...byte) []byte {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 2, 1, 6
	copy(b[4:], []byte{0x7c, 0x6f, 0x1d, 0x0e})
	copy(b[28:], []byte{0x52, 0x54, 0, 0x77, 0, 0x0b})
	copy(b[236:], []byte{0x63, 0x82, 0x53, 0x63})
	return append(b, options...)
}

func TestDHCP(t *testing.T) {
	b := message(slices.Concat(
		[]byte{53, 1, 2, 54, 4, 10, 0, 0, 2, 60, 9}, []byte("PXEClient"),
		[]byte{43, 35, 6, 1, 8, 8, 7, 0x80, 0, 1, 10, 0, 0, 2, 9, 7, 0x80, 0, 4}, []byte("Spur"),
		[]byte{10, 5, 0}, []byte("Spur"), []byte{71, 4, 0x80, 0, 0, 0, 255},
		[]byte{93, 2, 0, 7, 94, 3, 1, 3, 16}, []byte{97, 17, 0, 0x52, 0x1c, 0x3f, 0x8a, 0x0e, 0x6d, 0x7a, 0x4b, 0x9c, 0x21, 0x52, 0x54, 0, 0x77, 0, 0xaa},
		[]byte{175, 13, 1, 1, 1, 176, 1, 1, 177, 5, 1, 0x1a, 0xf4, 0x10, 0}, []byte{82, 8, 1, 6}, []byte("port 7"), []byte{255},
	)...)
	b[11], b[10] = 0, 0x80
	copy(b[108:], "k3/snponly.efi")
	p := dissect.DHCP(b)
	if p.Title != "OFFER, transaction 7c6f1d0e" || len(p.Faults) > 0 {
		t.Errorf("got %q, %q", p.Title, p.Faults)
	}
	want := `    chaddr                   52:54:00:77:00:0b
    flags                    broadcast
    file                     "k3/snponly.efi"
 53 message type             OFFER
 54 server identifier        10.0.0.2
 60 vendor class             "PXEClient"
 43 vendor-specific
      6 discovery control  0x08: start the boot file of this packet, without menu or discovery
      8 boot servers       type 32768: 10.0.0.2
      9 boot menu          type 32768: "Spur"
     10 menu prompt        "Spur": take the first item at once
     71 boot item          type 32768, layer 0
 93 client architecture      7 (x64 UEFI)
 94 network interface        UNDI 3.16
 97 machine identifier       UUID 521c3f8a-0e6d-7a4b-9c21-5254007700aa
175 iPXE
      1 priority    1
    176 no-pxedhcp  yes
    177 bus-id      PCI 1af4:1000
 82 relay agent information
      1 circuit identifier  "port 7"`
	if got := strings.Join(p.Lines(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is wrong with a packet's form is said.
func TestDHCPFaults(t *testing.T) {
	for name, test := range map[string]struct {
		packet []byte
		want   string
	}{
		"short":     {make([]byte, 20), "20 bytes are too few for the fixed fields of BOOTP"},
		"no cookie": {make([]byte, 300), "there is no magic cookie, and so no options"},
		"no END":    {message(53, 1, 1), "the options have no END (255)"},
		"cut off":   {message(53, 1, 1, 67, 30, 'a'), "option 67 is cut off by the end of options"},
		"NUL":       {message(67, 2, 'a', 0, 255), "option 67 has a NUL in it: firmware that goes by the length takes it for a part of the name"},
	} {
		if got := dissect.DHCP(test.packet).Faults; !slices.Contains(got, test.want) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// Options go on in the field file where option 52 says so.
func TestOverload(t *testing.T) {
	b := message(53, 1, 5, 52, 1, 1, 255)
	copy(b[108:], []byte{67, 3, 'a', '.', '0', 255})
	p := dissect.DHCP(b)
	if got, _ := p.Find("boot file name"); got != `"a.0"` || len(p.Faults) > 0 {
		t.Errorf("got %q, %q", got, p.Faults)
	}
	if _, there := p.Find("file"); there {
		t.Error("options are shown as the name of a file")
	}
}

// Between Macs and their servers option 43 means something else.
func TestBSDP(t *testing.T) {
	p := dissect.DHCP(message(slices.Concat([]byte{53, 1, 5, 43, 20, 1, 1, 1, 7, 4, 0x81, 0, 0, 1, 9, 9, 0x81, 0, 0, 1, 4}, []byte("Spur"), []byte{60, 9}, []byte("AAPLBSDPC"), []byte{255})...))
	got := strings.Join(p.Lines(), "\n")
	for _, want := range []string{"BSDP message   LIST", "default image  81000001", `images         81000001 "Spur"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// A secret is not for whoever looks over a shoulder.
func TestHidden(t *testing.T) {
	p := dissect.DHCP(message(slices.Concat([]byte{53, 1, 2, 175, 8, 191, 6}, []byte("secret"), []byte{255})...))
	if got := strings.Join(p.Lines(), "\n"); strings.Contains(got, "secret") || !strings.Contains(got, "password  (6 bytes, not shown)") {
		t.Errorf("got\n%s", got)
	}
}

func TestDHCPv6(t *testing.T) {
	advertise := bytesOf(t, `02 a1b2c3
		003b 0016 746674703a2f2f5b666437373a3a315d2f612e656669
		0010 000f 00000157 0009 505845436c69656e74
		0001 0012 0004 8a3f1c526d0e4b7a9c21525400770001
		0003 0028 00000001 00000e10 00001518
		     0005 0018 fd770000000000000000000000000050 00000e10 00001c20
		003d 0002 0007  003e 0003 010310  0017 0010 fd770000000000000000000000000001  000d 0002 0002`)
	p := dissect.DHCPv6(advertise)
	want := `  1 client identifier    DUID-UUID 8a3f1c52-6d0e-4b7a-9c21-525400770001
  3 addresses (IA_NA)    IAID 00000001, renew after 3600 s, rebind after 5400 s
      5 address  fd77::50, preferred 3600 s, valid 7200 s
 61 client architecture  7 (x64 UEFI)
 62 network interface    UNDI 3.16
 23 name servers         fd77::1
 13 status               no addresses available`
	if got := strings.Join(p.Lines(), "\n"); p.Title != "ADVERTISE, transaction a1b2c3" || !strings.Contains(got, want) ||
		!strings.Contains(got, `boot file URL        "tftp://[fd77::1]/a.efi"`) || !strings.Contains(got, `enterprise 343: "PXEClient"`) {
		t.Errorf("%s\n%s", p.Title, got)
	}
	relayed := slices.Concat([]byte{12, 0}, make([]byte, 32), []byte{0, 9, 0, byte(len(advertise))}, advertise)
	p = dissect.DHCPv6(relayed)
	if got := strings.Join(p.Lines(), "\n"); p.Title != "RELAY-FORWARD" || !strings.Contains(got, "relayed message  ADVERTISE, transaction a1b2c3") {
		t.Errorf("%s\n%s", p.Title, got)
	}
}

func TestTFTP(t *testing.T) {
	for packet, want := range map[string]string{
		"\x00\x01a/b.efi\x00octet\x00tsize\x000\x00":    `RRQ "a/b.efi"`,
		"\x00\x06tsize\x00100\x00":                      "OACK",
		"\x00\x03\x00\x01hello":                         "DATA, block 1, 5 bytes",
		"\x00\x04\x00\x02":                              "ACK, block 2",
		"\x00\x05\x00\x08User aborted the transfer\x00": `ERROR 8 "User aborted the transfer"`,
	} {
		if got := dissect.TFTP([]byte(packet)); got.Title != want || len(got.Faults) > 0 {
			t.Errorf("%q: got %q, %q", packet, got.Title, got.Faults)
		}
	}
}

// fuzzed fails where what is said has no bound or isn't fit to be shown.
func fuzzed(t *testing.T, p dissect.Packet) {
	lines := p.Lines()
	if len(lines) > 600 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range append(lines, p.Title) {
		if len(line) > 2000 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q", line)
		}
	}
}

func FuzzDHCP(f *testing.F) {
	f.Add(message(53, 1, 1, 52, 1, 3, 43, 5, 6, 1, 8, 9, 200, 82, 2, 1, 9))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzed(t, dissect.DHCP(b)) })
}

func FuzzDHCPv6(f *testing.F) {
	f.Add([]byte{12, 0, 0, 0, 3, 0, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b []byte) { fuzzed(t, dissect.DHCPv6(b)) })
}

func FuzzTFTP(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00octet\x00tsize\x000\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzed(t, dissect.TFTP(b)) })
}
