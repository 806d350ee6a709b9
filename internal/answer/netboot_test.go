package answer

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

var imac = boot.Client{MAC: boot.MAC{0, 0x1b, 0x63, 1, 2, 3}, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.BSDP, Loader: boot.Apple, Server: ourAddr}

// images are two, of which the second is the usual one.
func images(t *testing.T) boot.Payload {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"a/i386/booter", "a/root.dmg", "b/i386/booter", "b/root.dmg", "secret"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) boot.File { return boot.File{Source: filepath.Join(dir, name)} }
	return boot.Payload{Content: boot.NetBoot{Images: []boot.NetBootImage{
		{Dir: at("a").Source, Name: "A", Index: 1, System: 1, Booters: []boot.Booter{{Arch: "i386", File: at("a/i386/booter")}}, Root: at("a/root.dmg")},
		{Dir: at("b").Source, Name: "B", Index: 2, System: 1, Default: true, Booters: []boot.Booter{{Arch: "i386", File: at("b/i386/booter")}}, Root: at("b/root.dmg")},
	}}}
}

// from is a packet of a Mac.
func from(m *dhcpv4.DHCPv4) dhcp.Packet {
	p := packetOf(answertest.Machine(1, boot.BIOS, boot.ROM))
	p.Message, p.FromMAC, p.From = m, m.ClientHWAddr, netip.AddrPortFrom(identify.Addr(m.ClientIPAddr), 68)
	return p
}

// asking makes a Mac's message of BSDP.
func asking(kind bsdp.Message, more ...byte) *dhcpv4.DHCPv4 {
	m := identify.MacRequest(imac, kind)
	m.Options[43] = append([]byte{byte(bsdp.CodeMessage), 1, byte(kind), byte(bsdp.CodeVersion), 2, 1, 1}, more...)
	return m
}

func selecting(server netip.Addr, id byte) *dhcpv4.DHCPv4 {
	addr := server.As4()
	return asking(bsdp.MessageSelect, append(append([]byte{byte(bsdp.CodeServer), 4}, addr[:]...), byte(bsdp.CodeSelected), 4, 1, 0, 0, id)...)
}

// answerTo is what a Mac is answered, or nil.
func answerTo(t *testing.T, o *Offers4, out *sent, m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	t.Helper()
	before := len(out.all())
	o.Handle(t.Context(), from(m))
	o.Wait()
	if all := out.all(); len(all) > before {
		return all[before]
	}
	return nil
}

// A Mac's choice is what it is given, remembered, and forgotten when it chooses another
// server.
func TestNetBootChoice(t *testing.T) {
	payload := images(t)
	o, out := newOffers(t, resolver.Static{Payload: payload})
	below, err := tree.OpenFolders(payload.Content.(boot.NetBoot).Folders())
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	o.Tree.Sources.Local = tree.Locals{tree.NamedFiles(payload.Files()), below}

	list := bsdp.Parse(answerTo(t, o, out, asking(bsdp.MessageList)).Options[43])
	if id, _ := list.Image(bsdp.CodeDefault); id != 0x01000002 {
		t.Errorf("the usual image is %s", id)
	}
	reply := answerTo(t, o, out, selecting(ourAddr, 1))
	if root := string(reply.Options[17]); !strings.HasSuffix(root, "/root.dmg") || !strings.HasPrefix(root, "http://10.0.0.1/") {
		t.Errorf("the root is %s", root)
	}
	boots, _, _ := strings.Cut(reply.BootFileName, "/")
	for name, want := range map[string]string{"booter": "a/i386/booter", "root.dmg": "a/root.dmg", "./booter": "a/i386/booter", "../../secret": "", "../root.dmg": "", "x": ""} {
		f, err := o.Tree.Open(t.Context(), boots+"/"+name, tree.Asker{Server: ourAddr})
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		b := make([]byte, 100)
		n, _ := f.Read(b)
		_ = f.Close()
		if string(b[:n]) != want {
			t.Errorf("%s is %q", name, b[:n])
		}
	}
	list = bsdp.Parse(answerTo(t, o, out, asking(bsdp.MessageList)).Options[43])
	if id, _ := list.Image(bsdp.CodeSelected); id != 0x01000001 {
		t.Errorf("the Mac's own image is %s", id)
	}
	discover := identify.MacRequest(imac, bsdp.MessageList)
	discover.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
	discover.ClientIPAddr = net.IPv4zero
	if offer := answerTo(t, o, out, discover); offer == nil || offer.BootFileName != reply.BootFileName || !offer.YourIPAddr.IsUnspecified() {
		t.Errorf("a Mac that has chosen is offered %v", offer)
	}
	if failed := answerTo(t, o, out, selecting(ourAddr, 9)); !slices.Equal(failed.Options[43], []byte{1, 1, 3}) {
		t.Errorf("an image that isn't there: %v", failed)
	}
	answerTo(t, o, out, selecting(ourAddr, 2))
	if other := answerTo(t, o, out, selecting(ourAddr.Next(), 1)); other != nil || o.Events.Chosen(imac.MAC) != 0 {
		t.Errorf("a Mac that chose another server is told %v", other)
	}
	if offer := answerTo(t, o, out, discover); offer != nil {
		t.Errorf("a Mac without a choice is offered %v", offer)
	}
}

// What a Mac is told of its boot is on the story, and only that.
func TestNetBootStory(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: images(t)})
	for _, m := range []*dhcpv4.DHCPv4{asking(bsdp.MessageList), asking(bsdp.MessageList), selecting(ourAddr, 1)} {
		answerTo(t, o, out, m)
	}
	attempts := o.Events.Attempts(imac.MAC)
	var got []string
	for _, s := range attempts[len(attempts)-1].Steps {
		got = append(got, s.Text)
	}
	want := []string{"asks to boot: UEFI x64, Apple's NetBoot", "shown B, A", "chose A, and asks us for its boot file", "told to fetch booter over TFTP (route apple-netboot)"}
	if len(attempts) != 1 || !slices.Equal(got, want) {
		t.Errorf("%d boots; the last is told as\n%s", len(attempts), strings.Join(got, "\n"))
	}
	o, out = newOffers(t, resolver.Static{Payload: images(t)})
	m := asking(bsdp.MessageList, byte(bsdp.CodeReplyPort), 2, 3, 0xea)
	if reply := answerTo(t, o, out, m); reply == nil || len(o.Events.Attempts(imac.MAC)) != 0 {
		t.Errorf("Startup Disk is answered %v, and told as %+v", reply, o.Events.Attempts(imac.MAC))
	}
}

// A Mac that nothing here is for is left alone, with the reason.
func TestNetBootSilence(t *testing.T) {
	g5 := asking(bsdp.MessageList)
	g5.UpdateOption(dhcpv4.OptClassIdentifier("AAPLBSDPC/ppc/PowerMac7,2"))
	old := asking(bsdp.MessageList)
	old.UpdateOption(dhcpv4.OptClassIdentifier("AAPLBSDPC/i386/iMac4,1"))
	for _, tt := range []struct {
		name    string
		payload boot.Payload
		m       *dhcpv4.DHCPv4
		why     string
	}{
		{"no booter", images(t), g5, "no booter for Macs of the architecture ppc"},
		{"a kernel for another", answertest.Kernel(), g5, "Mac"},
		{"EFI of 32 bits", answertest.Kernel(), old, "firmware of 32 bits"},
		{"no address", images(t), asking(bsdp.MessageList, byte(bsdp.CodeReplyPort), 2, 0xff, 0xff), "port 65535"},
	} {
		o, out := newOffers(t, resolver.Static{Payload: tt.payload})
		if reply := answerTo(t, o, out, tt.m); reply != nil {
			t.Errorf("%s: answered %s", tt.name, reply.Summary())
		}
		attempts := o.Events.Attempts(imac.MAC)
		if len(attempts) == 0 {
			t.Errorf("%s: nothing is told", tt.name)
			continue
		}
		last := attempts[0].Steps[len(attempts[0].Steps)-1]
		if last.Kind != timeline.Ignored || !strings.Contains(last.Reason, tt.why) {
			t.Errorf("%s: %+v", tt.name, last)
		}
	}
}

// A Mac's answer goes to an address that is the request's own, and a few times.
func TestMacAddressee(t *testing.T) {
	for name, c := range map[string]struct {
		address, from, relay string
		answered             bool
	}{
		"its own":                       {"10.0.0.23", "10.0.0.23", "", true},
		"another's on the wire":         {"10.0.0.24", "10.0.0.23", "", false},
		"off the wire":                  {"203.0.113.9", "203.0.113.9", "", false},
		"off the wire, from the wire":   {"203.0.113.9", "10.0.0.23", "", false},
		"all of the network":            {"10.0.0.255", "10.0.0.255", "", false},
		"the network":                   {"10.0.0.0", "10.0.0.0", "", false},
		"everybody":                     {"255.255.255.255", "255.255.255.255", "", false},
		"a group":                       {"224.0.0.1", "224.0.0.1", "", false},
		"ours":                          {"10.0.0.1", "10.0.0.1", "", false},
		"behind a relay":                {"10.7.0.23", "10.7.0.1", "10.7.0.1", true},
		"everybody, by a relay":         {"255.255.255.255", "10.7.0.1", "10.7.0.1", false},
		"all of the wire, by a relay":   {"10.0.0.255", "10.7.0.1", "10.7.0.1", false},
		"this host's own, by a relay":   {"127.0.0.1", "10.7.0.1", "10.7.0.1", false},
		"on the wire, by a relay there": {"10.0.0.23", "10.0.0.2", "10.0.0.2", true},
	} {
		o, out := newOffers(t, resolver.Static{Payload: images(t)})
		m := asking(bsdp.MessageList)
		m.ClientIPAddr = netip.MustParseAddr(c.address).AsSlice()
		if c.relay != "" {
			m.GatewayIPAddr = netip.MustParseAddr(c.relay).AsSlice()
		}
		p := from(m)
		p.From = netip.AddrPortFrom(netip.MustParseAddr(c.from), 68)
		if reply := o.replyTo(t, out, p); (reply != nil) != c.answered {
			t.Errorf("%s: answered %v", name, reply)
		}
	}
	o, out := newOffers(t, resolver.Static{Payload: images(t)})
	p := from(asking(bsdp.MessageList))
	for range 100 {
		o.replyTo(t, out, p)
	}
	if got := len(out.all()); got != macAddress {
		t.Errorf("of 100 requests at once %d are answered", got)
	}
	p.Time = p.Time.Add(macTime)
	if o.replyTo(t, out, p) == nil {
		t.Error("a Mac that asks later is not answered")
	}
	o, out = newOffers(t, resolver.Static{Payload: images(t)})
	for n := range 1000 {
		m := asking(bsdp.MessageList)
		m.ClientIPAddr, m.GatewayIPAddr = []byte{203, 0, byte(n >> 8), byte(n)}, []byte{10, 7, 0, 1}
		p := from(m)
		p.FromMAC = []byte{2, 0, 0, 0, 0, 1}
		o.replyTo(t, out, p)
	}
	if got := len(out.all()); got >= 1000 || got > macRelayed {
		t.Errorf("of 1000 requests by a relay %d are answered", got)
	}
}

// As a boot server in another server's menu Spur is none that Macs look for.
func TestNetBootAsBootServer(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: images(t)})
	o.Only = 0x8002
	for _, m := range []*dhcpv4.DHCPv4{asking(bsdp.MessageList), selecting(ourAddr, 1)} {
		if reply := answerTo(t, o, out, m); reply != nil {
			t.Errorf("answered %s", reply.Summary())
		}
	}
	if told := story(o, imac.MAC); !strings.Contains(told, "left alone: Spur is a boot server in another server's menu") {
		t.Errorf("the story is %s", told)
	}
}

// Our own DHCP server gives a Mac its address, and BSDP what to boot.
func TestNetBootWithOwnServer(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: images(t)})
	o.Addresses = ownServer(t)
	discover := identify.MacRequest(imac, bsdp.MessageList)
	discover.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
	discover.ClientIPAddr = net.IPv4zero
	if offer := answerTo(t, o, out, discover); offer == nil || offer.YourIPAddr.IsUnspecified() {
		t.Fatalf("no address: %v", offer)
	}
	if list := answerTo(t, o, out, asking(bsdp.MessageList)); list == nil || list.ClassIdentifier() != bsdp.VendorClass {
		t.Errorf("the images are %v", list)
	}
	answerTo(t, o, out, selecting(ourAddr, 1))
	if offer := answerTo(t, o, out, discover); offer == nil || offer.YourIPAddr.IsUnspecified() {
		t.Errorf("no address for a Mac that has chosen: %v", offer)
	}
}
