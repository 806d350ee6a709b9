package bsdp_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/dhcp"
)

// golden reads a packet: bytes in hexadecimal or 00*N, and after # what they are.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/golden", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var packet []byte
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if n, ok := strings.CutPrefix(line, "00*"); ok {
			zeros, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			packet = append(packet, make([]byte, zeros)...)
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(line, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		packet = append(packet, b...)
	}
	return packet
}

// message is a golden packet as a listener hands it on.
func message(t testing.TB, name string) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcp.Parse(golden(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

func read(t testing.TB, name string) (*dhcpv4.DHCPv4, bsdp.Request) {
	t.Helper()
	m := message(t, name)
	r, err := bsdp.Read(m)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m, r
}

var (
	server = bsdp.Server{Addr: netip.MustParseAddr("10.0.0.1"), Priority: bsdp.UsualPriority}
	mac    = [6]byte{0x00, 0x1b, 0x63, 0x84, 0x45, 0xe6}
)

// images are those of a server, in the order of its files.
func images() []bsdp.Image {
	all := []bsdp.Image{
		{ID: bsdp.NewImageID(bsdp.Diagnostics, false, 7), Name: "AHT", Archs: []string{bsdp.I386}, FilterOnly: true},
		{ID: bsdp.NewImageID(bsdp.MacOSX, true, 101), Name: "Restore", Archs: []string{bsdp.I386}},
		{ID: bsdp.NewImageID(bsdp.MacOSX, true, 100), Name: "Install", Archs: []string{bsdp.I386}, Default: true},
		{ID: bsdp.NewImageID(bsdp.MacOSX, false, 100), Name: "Tiger", Archs: []string{bsdp.PPC}},
	}
	bsdp.Sort(all)
	return all
}

func compare(t *testing.T, name string, reply *dhcpv4.DHCPv4, err error) {
	t.Helper()
	if err != nil || reply == nil {
		t.Fatalf("%s: no answer: %v", name, err)
	}
	if got, want := dhcp.Marshal(reply), golden(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%swant\n%s", name, hex.Dump(got), hex.Dump(want))
	}
}

func TestGoldenAnswers(t *testing.T) {
	m, r := read(t, "list-request")
	compare(t, "list-answer", bsdp.List(m, r, server, images(), bsdp.NewImageID(bsdp.MacOSX, true, 101)), nil)
	m, r = read(t, "list-request-filter")
	compare(t, "list-answer-filter", bsdp.List(m, r, server, images(), 0), nil)
	m, r = read(t, "list-request-ppc")
	compare(t, "list-answer-ppc", bsdp.List(m, r, server, images(), 0), nil)

	m, r = read(t, "select-request")
	chosen, ok := bsdp.Find(images(), r)
	if !ok || chosen.Name != "Restore" {
		t.Fatalf("selects %+v, %v", chosen, ok)
	}
	http := bsdp.Boot{Image: chosen.ID, File: "boot/booter", RootPath: "http://10.0.0.1/boot/NetInstall.dmg"}
	reply, err := bsdp.Select(m, r, server, http)
	compare(t, "select-answer", reply, err)
	compare(t, "failed-answer", bsdp.Failed(m, server), nil)
	m, r = read(t, "select-request-ppc")
	chosen, _ = bsdp.Find(images(), r)
	reply, err = bsdp.Select(m, r, server, bsdp.Boot{
		Image: chosen.ID, File: "boot/booter", RootPath: "nfs:10.0.0.2:/nb:Mac.nbi/NetBoot.dmg",
		MachineName: "NetBoot001", ShadowMount: "afp://u:p@10.0.0.2/Clients", ShadowFile: "NetBoot001/Shadow",
	})
	compare(t, "select-answer-ppc", reply, err)
	m, r = read(t, "discover-request")
	reply, err = bsdp.Offer(m, r, server, http)
	compare(t, "discover-answer", reply, err)
}

func TestRead(t *testing.T) {
	_, r := read(t, "list-request")
	if r.MAC != mac || r.Class != (bsdp.Class{Arch: "i386", Model: "MacBookPro6,2"}) || r.Version != bsdp.Version11 ||
		r.Message != bsdp.MessageList || r.Address != netip.MustParseAddr("10.0.0.10") || r.ReplyPort != 1002 || r.MaxMessage != 1472 || r.OldFirmware {
		t.Errorf("read %+v", r)
	}
	_, r = read(t, "list-request-filter")
	if !slices.Equal(r.Filter, []uint16{0x0300}) {
		t.Errorf("the filter is %#x", r.Filter)
	}
	_, r = read(t, "select-request-ppc")
	if r.ReplyPort != 68 || r.MaxMessage != 548 || r.Server != server.Addr || r.Selected != 0x01000064 || !r.Selects || r.Version != bsdp.Version10 {
		t.Errorf("read %+v", r)
	}
	_, r = read(t, "list-request-old-firmware")
	old := bsdp.Image{Archs: []string{bsdp.PPC}, Models: []string{"/NetBoot1"}}
	if !r.OldFirmware || !old.For(r) || (bsdp.Image{Archs: []string{bsdp.PPC}, Models: []string{"PowerBook1,1"}}).For(r) {
		t.Errorf("read %+v", r)
	}
	_, r = read(t, "discover-request")
	if r.Type != dhcpv4.MessageTypeDiscover || r.Message != 0 {
		t.Errorf("read %+v", r)
	}
}

// What bsdpd is silent about is an error that says why.
func TestUnanswered(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*dhcpv4.DHCPv4)
		why   string
	}{
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[60] = []byte("PXEClient") }, "no BSDP"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[53] = []byte{3} }, "it is a REQUEST"},
		{"list-request", func(m *dhcpv4.DHCPv4) { delete(m.Options, 43) }, "without a version"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[43] = []byte{1, 1, 1, 2, 2, 2, 0} }, "version 0x0200"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[43] = []byte{1, 1, 1, 2, 2, 1, 1, 5, 2, 4, 0} }, "port 1024"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[43] = []byte{1, 1, 1, 2, 2, 1, 1, 5, 2, 0, 0} }, "port 0"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.Options[43] = []byte{2, 2, 1, 1} }, "message 0"},
		{"list-request", func(m *dhcpv4.DHCPv4) { m.ClientIPAddr = []byte{0, 0, 0, 0} }, "address"},
		{"select-request", func(m *dhcpv4.DHCPv4) { m.Options[43] = []byte{1, 1, 2, 2, 2, 1, 1} }, "no server"},
	} {
		m := message(t, tt.name)
		tt.spoil(m)
		if _, err := bsdp.Read(m); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
	m := message(t, "list-request")
	m.Options[60] = []byte("Linux")
	if _, err := bsdp.Read(m); !errors.Is(err, bsdp.ErrNotBSDP) {
		t.Errorf("a message of another class: %v", err)
	}
}

// Classes that Apple's own client has sent to test servers (TEST_BAD_SYSID of
// BSDPClient.c) are none.
func TestParseClass(t *testing.T) {
	for text, want := range map[string]bsdp.Class{
		"AAPLBSDPC/i386/iMac14,3":   {Arch: "i386", Model: "iMac14,3"},
		"AAPLBSDPC/ppc/PowerMac3,6": {Arch: "ppc", Model: "PowerMac3,6"},
		"AAPLBSDPC":                 {Arch: "ppc"},
		"AAPLBSDPC/i386/a/b\x00":    {Arch: "i386", Model: "a/b"},
	} {
		if got, ok := bsdp.ParseClass([]byte(text)); !ok || got != want {
			t.Errorf("%q: %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"AAPLBSDPC/ppc/\nbad1", "AAPLBSDPC/ppcn/\x00bad2", "AAPLBSDPC/p\x00cab/bad3", "AAPLBSDPC/p\nc/badsys4", "AAPLBSDPC/ppc", "AAPLBSDPCx", "", "PXEClient"} {
		if got, ok := bsdp.ParseClass([]byte(text)); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestImageFor(t *testing.T) {
	_, r := read(t, "list-request")
	other := [6]byte{1, 2, 3, 4, 5, 6}
	for _, tt := range []struct {
		image bsdp.Image
		want  bool
	}{
		{bsdp.Image{Archs: []string{"ppc", "i386"}}, true},
		{bsdp.Image{Archs: []string{"ppc"}}, false},
		{bsdp.Image{Archs: []string{"i386"}, Models: []string{"iMac14,3"}}, false},
		{bsdp.Image{Archs: []string{"i386"}, Models: []string{"iMac14,3", "MacBookPro6,2"}}, true},
		{bsdp.Image{Archs: []string{"i386"}, Enabled: [][6]byte{other}}, false},
		{bsdp.Image{Archs: []string{"i386"}, Enabled: [][6]byte{other, mac}}, true},
		{bsdp.Image{Archs: []string{"i386"}, Disabled: [][6]byte{mac}}, false},
	} {
		if got := tt.image.For(r); got != tt.want {
			t.Errorf("%+v: %v", tt.image, got)
		}
	}
}

// Of default images the ones for every model go first.
func TestSort(t *testing.T) {
	all := []bsdp.Image{{Name: "d"}, {Name: "b", Default: true, Models: []string{"x"}}, {Name: "a", Default: true}, {Name: "e", Models: []string{"x"}}, {Name: "c", Default: true, Models: []string{"y"}}}
	bsdp.Sort(all)
	var got string
	for _, i := range all {
		got += i.Name
	}
	if got != "abcde" {
		t.Errorf("the order is %s", got)
	}
}

// A selection is found among the images for the Mac alone, and without one it is the
// default.
func TestFind(t *testing.T) {
	_, r := read(t, "select-request")
	r.Selected = bsdp.NewImageID(bsdp.MacOSX, false, 100) // for ppc
	if found, ok := bsdp.Find(images(), r); ok {
		t.Errorf("found %+v", found)
	}
	r.Selects = false
	if found, ok := bsdp.Find(images(), r); !ok || found.Name != "Install" {
		t.Errorf("found %+v, %v", found, ok)
	}
	r.Class.Arch = "arm"
	if found, ok := bsdp.Find(images(), r); ok {
		t.Errorf("found %+v", found)
	}
}

// A server without an image for a Mac is silent.
func TestListNothing(t *testing.T) {
	m, r := read(t, "list-request")
	if reply := bsdp.List(m, r, server, images()[3:], 0); reply != nil {
		t.Errorf("answered %s", reply.Summary())
	}
}

// However many images there are, an answer is as large as the Mac takes at most; and
// it says the same to a client that reads each option 43 by itself, like Apple's, and
// to one that joins them first.
func TestManyImages(t *testing.T) {
	var many []bsdp.Image
	for n := range 100 {
		many = append(many, bsdp.Image{ID: bsdp.NewImageID(bsdp.MacOSX, false, uint16(n+1)), Name: strings.Repeat("ü", n), Archs: []string{"i386"}})
	}
	m, r := read(t, "list-request")
	for size := 548; size <= 1472; size += 7 {
		r.MaxMessage = size
		packet := dhcp.Marshal(bsdp.List(m, r, server, many, many[1].ID))
		if len(packet) > size {
			t.Fatalf("%d bytes for a Mac that takes %d", len(packet), size)
		}
		joined, err := dhcp.Parse(packet)
		if err != nil {
			t.Fatal(err)
		}
		want, err := bsdp.ParseImages(bsdp.Parse(joined.Options[43])[bsdp.CodeImages])
		got, errSeparately := bsdp.ParseImages(separately(packet))
		if err != nil || errSeparately != nil || len(want) < 10 || !slices.EqualFunc(got, want, func(x, y bsdp.Image) bool { return x.ID == y.ID && x.Name == y.Name }) {
			t.Fatalf("of %d bytes: joined %d images, %v; separately %d, %v", size, len(want), err, len(got), errSeparately)
		}
		for n, i := range got {
			if whole := many[n].Name; i.ID != many[n].ID || !strings.HasPrefix(whole, i.Name) || len(i.Name) < min(len(whole), 245) {
				t.Fatalf("image %d is %+v", n, i)
			}
		}
	}
}

// separately reads the lists of images in each option 43 of a packet
// (dhcpol_parse_vendor).
func separately(packet []byte) (list []byte) {
	for b := packet[240:]; b[0] != 255; {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if b[0] == 43 {
			list = append(list, bsdp.Parse(b[2 : 2+int(b[1])])[bsdp.CodeImages]...)
		}
		b = b[2+int(b[1]):]
	}
	return list
}

// What firmware would cut off is refused.
func TestTooLong(t *testing.T) {
	m, r := read(t, "select-request")
	for _, b := range []bsdp.Boot{
		{File: strings.Repeat("x", 128)},
		{RootPath: strings.Repeat("x", 256)},
		{MachineName: strings.Repeat("x", 254)},
	} {
		if reply, err := bsdp.Select(m, r, server, b); err == nil {
			t.Errorf("sent %d bytes", len(dhcp.Marshal(reply)))
		}
	}
	r.MaxMessage = 548
	if _, err := bsdp.Select(m, r, server, bsdp.Boot{File: strings.Repeat("x", 127), RootPath: strings.Repeat("x", 255)}); err != nil {
		t.Errorf("the longest names: %v", err)
	}
}

func TestImageID(t *testing.T) {
	id := bsdp.NewImageID(bsdp.MacOSXServer, true, 4097)
	if id != 0x82001001 || id.Kind() != bsdp.MacOSXServer || !id.Installs() || id.Index() != 4097 || id.Attributes() != 0x8200 || id.String() != "0x82001001" {
		t.Errorf("got %s", id)
	}
	if id := bsdp.NewImageID(bsdp.MacOS9, false, 1); id.String() != "0x00000001" || id.Installs() {
		t.Errorf("got %s", id)
	}
}
