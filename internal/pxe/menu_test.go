package pxe_test

import (
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/pxe"
)

var windows = netip.MustParseAddr("10.77.0.5")

// chosenFrom is a menu with an item of each kind.
func chosenFrom() *pxe.Menu {
	return &pxe.Menu{
		Items: []pxe.MenuItem{
			{Type: pxe.OwnType, Title: "Debian", Servers: []netip.Addr{ourAddr}},
			{Type: pxe.OwnType + 1, Title: "Rescue", Servers: []netip.Addr{ourAddr}},
			{Type: 1, Title: "Windows", Servers: []netip.Addr{windows, windows.Next()}},
			{Type: pxe.LocalBoot, Title: "Local boot"},
		},
		Prompt: "Press F8 for a menu", Timeout: 10,
	}
}

// TestGoldenMenu keeps a menu byte for byte, as it is offered to BIOS and UEFI ROMs
// and to iPXE, by a proxy and by a DHCP server.
func TestGoldenMenu(t *testing.T) {
	for _, capture := range []string{"edk2-x64-pxe-proxy", "edk2-arm64-pxe", "bios-rom-costume", "ipxe-qemu-rom-proxy"} {
		t.Run(capture, func(t *testing.T) {
			var text strings.Builder
			for _, a := range requests(t, filepath.Join("testdata", "captures", capture+".pcap")) {
				m, err := dhcp.Parse(a.payload)
				if err != nil {
					t.Fatal(err)
				}
				b := bootFor(pxe.Read(m))
				b.Menu = chosenFrom()
				if pxe.Proxied(a.port, m.MessageType()) {
					show(t, &text, "a proxy's reply", proxyReply(t, a.port, m, b))
				}
				if a.port == pxe.ServerPort {
					show(t, &text, "a DHCP server's reply", served(t, m, b))
				}
			}
			golden.File(t, filepath.Join("testdata", "golden", "menu", capture+".txt"), text.String())
		})
	}
}

// An option of a menu is what PXE 2.1 table 2-1 says.
func TestMenu(t *testing.T) {
	offered := func(m pxe.Menu, options map[uint8][]byte) string {
		b := boot
		b.Menu = &m
		reply, err := pxe.Offer(discover(options), b)
		if err != nil {
			t.Fatal(err)
		}
		return string(reply.Options[43])
	}
	ours := pxe.MenuItem{Type: pxe.OwnType, Title: "Linux", Servers: []netip.Addr{ourAddr}}
	lone := pxe.Menu{Items: []pxe.MenuItem{ours, {Type: pxe.LocalBoot, Title: "Disk"}}, Prompt: "F8", Timeout: 255}
	sought := pxe.Menu{Items: []pxe.MenuItem{ours, {Type: 2, Title: "LCM"}}, Prompt: "F8"}
	for name, c := range map[string]struct{ got, want string }{
		"local boot has no servers": {offered(lone, biosROM), "\x06\x01\x03\x08\x07\x80\x00\x01\x0a\x4d\x00\x01\x09\x0f\x80\x00\x05Linux\x00\x00\x04Disk\x0a\x03\xffF8\xff"},
		"the same for UEFI":         {offered(lone, uefiROM), "\x06\x01\x03\x08\x07\x80\x00\x01\x0a\x4d\x00\x01\x09\x0f\x80\x00\x05Linux\x00\x00\x04Disk\x0a\x03\xffF8\xff"},
		"a server that is looked for": {offered(sought, ipxe),
			"\x06\x01\x00\x07\x04\xe0\x00\x01\x02\x08\x0a\x80\x00\x01\x0a\x4d\x00\x01\x00\x02\x00\x09\x0e\x80\x00\x05Linux\x00\x02\x03LCM\x0a\x03\x00F8\xff"},
		"HTTP Boot has none": {offered(lone, httpROM), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: % x, want % x", name, c.got, c.want)
		}
	}
	back, ok := pxe.ReadMenu([]byte(offered(*chosenFrom(), uefiROM)))
	if !ok || !reflect.DeepEqual(back, *chosenFrom()) {
		t.Errorf("it is read as %+v", back)
	}
}

func TestMenuThatCannotBeSent(t *testing.T) {
	item := func(kind pxe.BootType, title string) pxe.MenuItem {
		return pxe.MenuItem{Type: kind, Title: title, Servers: []netip.Addr{ourAddr}}
	}
	var many, long []pxe.MenuItem
	for n := range pxe.BootType(25) {
		many = append(many, item(n+1, "x"))
	}
	for n := range pxe.BootType(4) {
		long = append(long, item(n+1, strings.Repeat("x", 60)))
	}
	for want, items := range map[string][]pxe.MenuItem{
		"0 items":              nil,
		"25 items":             many,
		"bytes of items":       long,
		"a title without text": {item(1, "")},
		"ROMs show ASCII only": {item(1, "Müsli")},
		"of 70 characters":     {item(1, strings.Repeat("x", 70))},
		`"a" and "b" are both for boot servers of type 1`: {item(1, "a"), item(1, "b")},
		"boot servers have IPv4 addresses":                {{Type: 1, Title: "x", Servers: []netip.Addr{netip.IPv6Loopback()}}},
	} {
		m := pxe.Menu{Items: items, Prompt: "F8"}
		b := boot
		b.Menu = &m
		_, offered := pxe.Offer(discover(biosROM), b)
		if err := m.Check(); !errors.Is(err, pxe.ErrMenu) || !strings.Contains(err.Error(), want) || !errors.Is(offered, pxe.ErrMenu) {
			t.Errorf("%v, and offered: %v; want %s", err, offered, want)
		}
	}
	if err := (pxe.Menu{Items: many[:1]}).Check(); !errors.Is(err, pxe.ErrMenu) || !strings.Contains(err.Error(), "a prompt without text") {
		t.Error(err)
	}
}

// A boot server repeats the item with its layer, gives no boot file in the place of
// credentials, and shows no menu to who has chosen.
func TestBootServer(t *testing.T) {
	b := boot
	b.Menu = chosenFrom()
	for _, options := range []map[uint8][]byte{biosROM, uefiROM, ipxe} {
		m := message(dhcpv4.MessageTypeRequest, options)
		m.Options[43] = []byte{71, 4, 0x80, 1, 0, 3, 12, 4, 0, 0, 0, 1, 255}
		if r := pxe.Read(m); !r.Discovers() || *r.BootItem != (pxe.BootItem{Type: 0x8001, Layer: 3}) {
			t.Errorf("read as %+v", r)
		}
		reply, err := pxe.Answer(m, b)
		if err != nil || !strings.HasSuffix(string(reply.Options[43]), "\x47\x04\x80\x01\x00\x03\xff") || string(reply.Options[67]) != "boot" {
			t.Errorf("%v, %s", err, reply.Summary())
		}
		if _, menu := pxe.ReadMenu(reply.Options[43]); menu {
			t.Errorf("the menu is shown again: % x", reply.Options[43])
		}
		m.Options[43] = []byte{71, 4, 0x80, 1, 0x80, 0, 12, 4, 0, 0, 0, 1, 255}
		if _, err := pxe.Answer(m, b); !errors.Is(err, pxe.ErrCredentials) {
			t.Errorf("credentials: %v", err)
		}
	}
	if pxe.Read(discover(biosROM)).Discovers() || pxe.Read(message(dhcpv4.MessageTypeRequest, biosROM)).Discovers() {
		t.Error("a request without an item is taken for one to a boot server")
	}
}

// The iPXE to which a choice led boots what it was offered, whoever else has a menu.
func TestChosen(t *testing.T) {
	b := boot
	b.Chosen = true
	for name, c := range map[string]struct {
		options map[uint8][]byte
		want    string
	}{"iPXE": {ipxe, "\x06\x01\x08\xff"}, "UEFI": {uefiROM, ""}, "HTTP": {httpROM, ""}} {
		if reply, err := pxe.Offer(discover(c.options), b); err != nil || string(reply.Options[43]) != c.want {
			t.Errorf("%s: %v, % x", name, err, reply.Options[43])
		}
	}
}

func TestParseBootType(t *testing.T) {
	for text, want := range map[string]pxe.BootType{"local": 0, "RIS": 1, "wds": 1, "3": 3, "0x8001": 0x8001, "65535": 65535, "api-test": 65535} {
		if got, err := pxe.ParseBootType(text); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "wdx", "65536", "-1"} {
		if got, err := pxe.ParseBootType(text); err == nil || !strings.Contains(err.Error(), "local, ris, wds, winnt, lcm") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for kind, want := range map[pxe.BootType]string{1: "1 (Microsoft RIS or WDS)", 9: "9", 32768: "32768"} {
		if kind.String() != want {
			t.Errorf("%d is %s", kind, kind)
		}
	}
}

// FuzzReadMenu reads whatever an option 43 has; what may be sent of it is read again
// as it was.
func FuzzReadMenu(f *testing.F) {
	b := boot
	b.Menu = chosenFrom()
	reply, err := pxe.Offer(discover(biosROM), b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reply.Options[43])
	f.Add([]byte("\x06\x01\x00\x07\x04\xe0\x00\x01\x02\x08\x03\x00\x02\x00\x09\x06\x00\x02\x03LCM\x0a\x03\x00F8\xff"))
	f.Fuzz(func(t *testing.T, option43 []byte) {
		m, ok := pxe.ReadMenu(option43)
		if !ok || m.Check() != nil {
			return
		}
		for i := range m.Items {
			if m.Items[i].Type == pxe.LocalBoot {
				m.Items[i].Servers = nil
			}
		}
		b := boot
		b.Menu = &m
		reply, err := pxe.Offer(discover(biosROM), b)
		if err != nil {
			t.Fatal(err)
		}
		if back, _ := pxe.ReadMenu(reply.Options[43]); !reflect.DeepEqual(back, m) {
			t.Errorf("%+v is read as %+v", m, back)
		}
	})
}
