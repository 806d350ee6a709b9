package answer

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/tree"
)

// twoItems are offers by a menu: two kernels, and two items of others.
func twoItems(t *testing.T) (*Offers4, *sent) {
	t.Helper()
	rescue := answertest.Kernel()
	rescue.Content = boot.Linux{Kernel: boot.File{Source: "/x/rescue"}, Arch: boot.X64}
	first := resolver.Static{Payload: answertest.Kernel()}
	r := resolver.ByItem{Otherwise: first, Items: map[uint16]boot.Resolver{0x8000: first, 0x8001: resolver.Static{Payload: rescue}}}
	o, out := newOffers(t, r)
	o.Decider.Menu = &decide.Menu{Items: []decide.Item{
		{Type: 0x8000, Title: "Debian", Ours: true}, {Type: 0x8001, Title: "Rescue", Ours: true},
		{Type: 1, Title: "Windows", Servers: []netip.Addr{netip.MustParseAddr("10.0.0.5")}}, {Type: 0, Title: "Local boot"},
	}, Prompt: "F8", Timeout: 5}
	return o, out
}

// looksFor is a ROM's or iPXE's request for a boot server of a type.
func looksFor(c boot.Client, kind pxe.BootType, port uint16, to string) dhcp.Packet {
	p := packetOf(c, dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), func(m *dhcpv4.DHCPv4) {
		m.ClientIPAddr = []byte{10, 0, 0, 23}
		m.Options[43] = []byte{71, 4, byte(kind >> 8), byte(kind), 0, 0, 255}
	})
	p.Port, p.To = port, netip.MustParseAddr(to)
	return p
}

// replyTo handles a packet, and returns the reply; nil for none.
func (o *Offers4) replyTo(t *testing.T, out *sent, p dhcp.Packet) *dhcpv4.DHCPv4 {
	t.Helper()
	before := len(out.all())
	o.Handle(t.Context(), p)
	o.Wait()
	if all := out.all()[before:]; len(all) == 1 {
		return all[0]
	}
	return nil
}

// sealedIn is what is sealed in the name of a reply's boot file.
func sealedIn(t *testing.T, o *Offers4, reply *dhcpv4.DHCPv4) (boot.Client, string) {
	t.Helper()
	if reply == nil {
		t.Fatal("no reply")
	}
	path := strings.TrimPrefix(string(reply.Options[67]), "http://10.0.0.1/")
	first, name := tree.Split(path)
	opened, err := o.Tree.Names.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	return opened.Client, name
}

func story(o *Offers4, mac boot.MAC) string {
	var lines []string
	for _, a := range o.Events.Attempts(mac) {
		for _, s := range a.Steps {
			lines = append(lines, s.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// What was chosen in the ROM's menu is what the iPXE boots that the ROM is given, and
// what its script says; a ROM that asks anew is shown the menu again.
func TestChoiceHolds(t *testing.T) {
	o, out := twoItems(t)
	rom, ipxe := answertest.Machine(1, boot.UEFI, boot.ROM), answertest.Machine(1, boot.UEFI, boot.IPXE)
	for range 2 {
		offer := o.replyTo(t, out, packetOf(rom))
		if m, ok := pxe.ReadMenu(offer.Options[43]); !ok || len(m.Items) != 4 || m.Timeout != 5 || m.Items[1].Servers[0] != ourAddr {
			t.Fatalf("the menu is %+v", m)
		}
		if c, _ := sealedIn(t, o, offer); c.Item != 0x8000 {
			t.Errorf("without a choice it boots item %#x", c.Item)
		}
		if c, name := sealedIn(t, o, o.replyTo(t, out, looksFor(rom, 0x8001, dhcp.BootPort, "10.0.0.1"))); c.Item != 0x8001 || name != "snponly.efi" {
			t.Errorf("it chose item 2 and boots %#x by %s", c.Item, name)
		}
		for range 2 {
			offer = o.replyTo(t, out, packetOf(ipxe, withHTTP))
			if _, menu := pxe.ReadMenu(offer.Options[43]); menu {
				t.Error("iPXE shows the menu again")
			}
		}
		c, name := sealedIn(t, o, offer)
		if p, err := o.Tree.Resolver.Resolve(t.Context(), c); name != "boot.ipxe" || err != nil || p.Title() != "rescue" {
			t.Errorf("its script is %s of %s, %v", name, p.Title(), err)
		}
	}
	if told := story(o, rom.MAC); !strings.Contains(told, "snponly.efi over TFTP and a menu") || !strings.Contains(told, "chose item 2, Rescue, and asks us for its boot file") {
		t.Errorf("the story is %s", told)
	}
}

// A packet in a machine's name that another one sends is answered with what it asks for,
// and chooses nothing for the machine.
func TestForgedChoice(t *testing.T) {
	o, out := twoItems(t)
	rom, ipxe := answertest.Machine(1, boot.UEFI, boot.ROM), answertest.Machine(1, boot.UEFI, boot.IPXE)
	from := func(sender boot.MAC, p dhcp.Packet) dhcp.Packet { p.FromMAC = sender[:]; return p }
	forger := boot.MAC{2, 0x66, 0x66, 0x66, 0x66, 0xaa}
	boots := func(why string) {
		t.Helper()
		if c, _ := sealedIn(t, o, o.replyTo(t, out, from(rom.MAC, packetOf(ipxe, withHTTP)))); c.Item != 0x8001 {
			t.Errorf("%s it boots %#x", why, c.Item)
		}
	}
	o.replyTo(t, out, from(rom.MAC, packetOf(rom)))
	o.replyTo(t, out, from(rom.MAC, looksFor(rom, 0x8001, dhcp.BootPort, "10.0.0.1")))
	boots("having chosen 0x8001")
	if c, _ := sealedIn(t, o, o.replyTo(t, out, from(forger, looksFor(rom, 0x8000, dhcp.BootPort, "10.0.0.1")))); c.Item != 0x8000 {
		t.Errorf("who asks for item 1 is given %#x", c.Item)
	}
	boots("after another's choice")
	o.replyTo(t, out, from(forger, packetOf(rom)))
	boots("after another's DISCOVER")
}

// Boot servers are found by unicast, multicast and broadcast, by machines of each
// kind, also where the addresses are ours; who looks for others is left to them.
func TestDiscovery(t *testing.T) {
	for _, ownDHCP := range []bool{false, true} {
		for _, c := range []boot.Client{answertest.Machine(1, boot.BIOS, boot.ROM), answertest.Machine(2, boot.UEFI, boot.ROM), answertest.Machine(3, boot.UEFI, boot.IPXE)} {
			o, out := twoItems(t)
			if ownDHCP {
				o.Addresses = ownServer(t)
			}
			for _, at := range []struct {
				port uint16
				to   string
			}{{dhcp.BootPort, "10.0.0.1"}, {dhcp.BootPort, "224.0.1.2"}, {dhcp.ServerPort, "255.255.255.255"}} {
				reply := o.replyTo(t, out, looksFor(c, 0x8001, at.port, at.to))
				if got, _ := sealedIn(t, o, reply); got.Item != 0x8001 || reply.MessageType() != dhcpv4.MessageTypeAck || identify.Addr(reply.YourIPAddr).IsValid() {
					t.Errorf("%s to %s: %s", c.Platform(), at.to, reply.Summary())
				}
				for kind, why := range map[pxe.BootType]string{
					1: "chose Windows, and looks for its boot server", 7: "looks for a boot server of type 7 (CA Unicenter TNG), which Spur isn't",
				} {
					o, out := twoItems(t)
					if reply := o.replyTo(t, out, looksFor(c, kind, at.port, at.to)); reply != nil || !strings.Contains(story(o, c.MAC), why) {
						t.Errorf("type %d: %v; the story is %s", kind, reply, story(o, c.MAC))
					}
				}
			}
		}
	}
}

// Without a menu Spur is the one boot server of its shape of offer, and of no other type.
func TestBootServerWithoutMenu(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	rom := answertest.Machine(1, boot.BIOS, boot.ROM)
	for kind, answered := range map[pxe.BootType]bool{0: true, 1: false, 0x8000: true, 0x8001: false} {
		if reply := o.replyTo(t, out, looksFor(rom, kind, dhcp.BootPort, "10.0.0.1")); (reply != nil) != answered {
			t.Errorf("type %d: %v", kind, reply)
		}
	}
}

// As a boot server in another server's menu Spur makes no offers but to the loaders of
// machines that were led here.
func TestAsBootServer(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	o.Only = 0x8002
	rom, ipxe := answertest.Machine(1, boot.BIOS, boot.ROM), answertest.Machine(1, boot.BIOS, boot.IPXE)
	if reply := o.replyTo(t, out, packetOf(rom)); reply != nil {
		t.Errorf("an offer: %s", reply.Summary())
	}
	if told := story(o, rom.MAC); !strings.Contains(told, "left alone: Spur waits until boot server type 32770, which it is, is chosen from another server's menu") {
		t.Errorf("the story is %s", told)
	}
	if reply := o.replyTo(t, out, looksFor(rom, 0x8000, dhcp.BootPort, "10.0.0.1")); reply != nil {
		t.Errorf("another type: %s", reply.Summary())
	}
	if _, name := sealedIn(t, o, o.replyTo(t, out, looksFor(rom, 0x8002, dhcp.BootPort, "10.0.0.1"))); name != "undionly.kpxe" {
		t.Errorf("it boots %s", name)
	}
	offer := o.replyTo(t, out, packetOf(ipxe, withHTTP))
	if _, name := sealedIn(t, o, offer); name != "boot.ipxe" || string(offer.Options[43]) != "\x06\x01\x08\xff" {
		t.Errorf("its iPXE boots %s, and is told % x", name, offer.Options[43])
	}
	if reply := o.replyTo(t, out, packetOf(rom)); reply != nil {
		t.Errorf("an offer to a ROM that asks anew: %s", reply.Summary())
	}
	if told := story(o, rom.MAC); !strings.Contains(told, "chose boot server type 32770, which is Spur, and asks us for its boot file") {
		t.Errorf("the story is %s", told)
	}
}

// A boot server has no credentials: that is told, and nothing is sent in their place.
func TestCredentials(t *testing.T) {
	o, out := twoItems(t)
	rom := answertest.Machine(1, boot.UEFI, boot.ROM)
	p := looksFor(rom, 0x8001, dhcp.BootPort, "10.0.0.1")
	p.Message.Options[43] = []byte{71, 4, 0x80, 1, 0x80, 0, 12, 4, 0, 0, 0, 1, 255}
	if reply := o.replyTo(t, out, p); reply != nil || !strings.Contains(story(o, rom.MAC), "left alone: asks for credentials") {
		t.Errorf("%v; the story is %s", reply, story(o, rom.MAC))
	}
}

// What was chosen over PXE holds for the firmware's next boot options too: HTTP Boot has
// no menu, and would install what nobody chose. The next boot is another matter.
func TestNextBootOption(t *testing.T) {
	for _, ownDHCP := range []bool{false, true} {
		o, out := twoItems(t)
		if ownDHCP {
			o.Addresses = ownServer(t)
		}
		rom := answertest.Machine(1, boot.UEFI, boot.ROM)
		http := rom
		http.Proto = boot.HTTP
		boots := func(reply *dhcpv4.DHCPv4) bool { return reply != nil && len(reply.Options[67]) > 0 }
		if boots(o.replyTo(t, out, packetOf(http))) != true {
			t.Error("a machine that boots by HTTP alone boots nothing")
		}
		o.replyTo(t, out, packetOf(rom))
		for _, kind := range []dhcpv4.MessageType{dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeRequest} {
			taking := func(m *dhcpv4.DHCPv4) {
				if kind == dhcpv4.MessageTypeRequest {
					m.Options[50], m.Options[54] = []byte{10, 0, 0, 100}, ourAddr.AsSlice()
				}
			}
			if reply := o.replyTo(t, out, packetOf(http, dhcpv4.WithMessageType(kind), taking)); boots(reply) || ownDHCP && reply == nil {
				t.Errorf("it left by the menu, and gets %v", reply)
			}
		}
		if told := story(o, rom.MAC); !strings.Contains(told, "left alone: it was shown the menu over PXE, and none of Spur's items was chosen") {
			t.Errorf("the story is %s", told)
		}
		o.replyTo(t, out, looksFor(rom, 0x8001, dhcp.BootPort, "10.0.0.1"))
		if c, _ := sealedIn(t, o, o.replyTo(t, out, packetOf(http))); c.Item != 0x8001 {
			t.Errorf("it chose item 2, and boots %#x over HTTP", c.Item)
		}
	}
}
