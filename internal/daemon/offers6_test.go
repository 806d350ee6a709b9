package daemon

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/timeline"
)

var ourAddr6 = netip.MustParseAddr("fd77::1")

// sent6 collects replies.
type sent6 struct {
	mu      sync.Mutex
	replies []*dhcpv6.Message
}

func (s *sent6) send(_ dhcp6.Packet, reply *dhcpv6.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, reply)
	return nil
}

func newOffers6(t *testing.T, r boot.Resolver) (*offers6, *sent6) {
	t.Helper()
	out := &sent6{}
	return &offers6{offers: newCommon(t, r), id: dhcp6.ServerID([]byte("a key")), send: out.send}, out
}

// machine6 is a machine that asks over IPv6.
func machine6(n byte, l boot.Loader, p boot.Proto) boot.Client {
	c := machine(n, boot.UEFI, l)
	c.Proto, c.IPv6, c.Server, c.UUID = p, true, ourAddr6, boot.UUID(bytes.Repeat([]byte{n}, 16))
	return c
}

// told6 has one request answered, and is the reply, if there was one.
func (o *offers6) told6(t *testing.T, out *sent6, p dhcp6.Packet) *dhcpv6.Message {
	t.Helper()
	before := len(out.replies)
	o.handle(t.Context(), p)
	o.wait()
	switch len(out.replies) - before {
	case 0:
		return nil
	case 1:
		return out.replies[before]
	}
	t.Fatalf("%d replies", len(out.replies)-before)
	return nil
}

func TestProxyOffers6(t *testing.T) {
	at4011 := func(p dhcp6.Packet) dhcp6.Packet { p.Port = dhcp6.BootPort; return p }
	relayed := func(p dhcp6.Packet) dhcp6.Packet {
		mac := p.Card
		p.Card, p.From = nil, netip.MustParseAddrPort("[fd77::2]:547")
		p.Relays = []dhcp6.Relay{{Link: netip.MustParseAddr("fd78::2"), Peer: netip.MustParseAddr("fe80::1234"), MAC: mac}}
		return p
	}
	rom, http, ipxe := machine6(1, boot.ROM, boot.PXE), machine6(1, boot.ROM, boot.HTTP), machine6(1, boot.IPXE, boot.PXE)
	for name, tt := range map[string]struct {
		packet dhcp6.Packet
		begins string
		ends   string
	}{
		"PXE":                  {packetOf6(rom, dhcpv6.MessageTypeSolicit), "tftp://[fd77::1]/", "/snponly.efi"},
		"PXE on port 4011":     {at4011(packetOf6(rom, dhcpv6.MessageTypeRequest)), "tftp://[fd77::1]/", "/snponly.efi"},
		"PXE, relayed":         {relayed(packetOf6(rom, dhcpv6.MessageTypeSolicit)), "tftp://[fd77::1]/", "/snponly.efi"},
		"HTTP Boot":            {packetOf6(http, dhcpv6.MessageTypeSolicit), "http://[fd77::1]/", "/snponly.efi"},
		"iPXE":                 {packetOf6(ipxe, dhcpv6.MessageTypeInformationRequest), "http://[fd77::1]/", "/boot.ipxe"},
		"iPXE, for an address": {packetOf6(ipxe, dhcpv6.MessageTypeSolicit), "", ""},
		"a REQUEST to another": {packetOf6(rom, dhcpv6.MessageTypeRequest), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, out := newOffers6(t, resolver.Static{Payload: kernel()})
			reply := o.told6(t, out, tt.packet)
			if reply == nil || tt.begins == "" {
				if reply != nil || tt.begins != "" {
					t.Errorf("the reply is %v", reply)
				}
				return
			}
			url := reply.Options.BootFileURL()
			if !strings.HasPrefix(url, tt.begins) || !strings.HasSuffix(url, tt.ends) || firstAddress(reply).IsValid() {
				t.Errorf("got %s", reply.Summary())
			}
			entry, ok := o.tree.Describe(strings.TrimPrefix(url, tt.begins), netip.Addr{})
			if !ok || entry.Client.MAC != rom.MAC || entry.Client.UUID != rom.UUID {
				t.Errorf("the name in the offer is of %+v", entry)
			}
		})
	}
}

func ownServer6(t *testing.T) *dhcp6.Server {
	t.Helper()
	s, err := dhcp6.NewServer(dhcp6.ServerConfig{
		ID: dhcp6.ServerID([]byte("a key")), Store: &leases.MemoryStore{}, Authoritative: true,
		Pools: []dhcp6.Pool{{
			Prefix: netip.MustParsePrefix("fd77::/64"),
			First:  netip.MustParseAddr("fd77::50"), Last: netip.MustParseAddr("fd77::99"),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The machine's own exchange, and that of its IPv6 stack before it, which is no
// boot.
func TestOwnServer6(t *testing.T) {
	o, out := newOffers6(t, resolver.Static{Payload: kernel()})
	o.addresses = ownServer6(t)
	c := machine6(1, boot.ROM, boot.PXE)
	stack := packetOf6(c, dhcpv6.MessageTypeSolicit)
	stack.Message.Options.Del(dhcpv6.OptionClientArchType)
	stack.Message.Options.Del(dhcpv6.OptionVendorClass)
	stack.Message.AddOption(dhcpv6.OptRequestedOption(dhcpv6.OptionDNSRecursiveNameServer))
	if reply := o.told6(t, out, stack); reply.Options.BootFileURL() != "" || !firstAddress(reply).IsValid() {
		t.Errorf("its IPv6 stack is told %s", reply.Summary())
	}
	if len(o.events.Attempts(c.MAC)) != 0 {
		t.Error("its IPv6 stack is told as a boot")
	}
	advertised := o.told6(t, out, packetOf6(c, dhcpv6.MessageTypeSolicit))
	ask := packetOf6(c, dhcpv6.MessageTypeRequest)
	ask.Message.AddOption(dhcpv6.OptServerID(o.id))
	given := o.told6(t, out, ask)
	if a := firstAddress(given); !a.IsValid() || a != firstAddress(advertised) || given.Options.BootFileURL() == "" {
		t.Errorf("was given %s", given.Summary())
	}
	if who, ok := o.clients.At(firstAddress(given)); !ok || who.MAC != c.MAC {
		t.Errorf("the address is said to be of %v", who.MAC)
	}
	wantStory(t, o.events, c.MAC,
		"asks to boot: UEFI x64, PXE over IPv6",
		"offered "+firstAddress(given).String()+" and snponly.efi over TFTP (route uefi-x64-snponly)",
		"address "+firstAddress(given).String()+" from fd77::1")
}

func wantStory(t *testing.T, events *timeline.Timeline, mac boot.MAC, want ...string) {
	t.Helper()
	var got []string
	for _, a := range events.Attempts(mac) {
		for _, s := range a.Steps {
			got = append(got, s.Text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the story is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A machine that is not to be booted still gets its address from our server, and
// beside another one nothing.
func TestLeftAlone6(t *testing.T) {
	only := resolver.NewAllowList(resolver.Static{Payload: kernel()}, []boot.MAC{{1}})
	c := machine6(1, boot.ROM, boot.PXE)
	o, out := newOffers6(t, only)
	if reply := o.told6(t, out, packetOf6(c, dhcpv6.MessageTypeSolicit)); reply != nil {
		t.Errorf("was told %s", reply.Summary())
	}
	o.addresses = ownServer6(t)
	if reply := o.told6(t, out, packetOf6(c, dhcpv6.MessageTypeSolicit)); reply == nil || reply.Options.BootFileURL() != "" {
		t.Errorf("was told %v", reply)
	}
}

// A host whose only address is link-local can be heard, but nothing can be
// fetched from it: firmware's story says so, and iPXE, which asks by IPv4 as
// well, is no news.
func TestNoAddressOfOurs6(t *testing.T) {
	o, out := newOffers6(t, resolver.Static{Payload: kernel()})
	for _, loader := range []boot.Loader{boot.IPXE, boot.ROM} {
		p := packetOf6(machine6(1, loader, boot.PXE), dhcpv6.MessageTypeSolicit)
		if loader == boot.IPXE {
			p.Message.MessageType = dhcpv6.MessageTypeInformationRequest
		}
		p.Server, p.Interface.Addrs, p.Interface.Name = netip.Addr{}, nil, "eth0"
		if reply := o.told6(t, out, p); reply != nil {
			t.Errorf("%s was told %s", loader, reply.Summary())
		}
	}
	wantStory(t, o.events, machine6(1, boot.ROM, boot.PXE).MAC,
		"asks to boot: UEFI x64, PXE over IPv6",
		"left alone: eth0 has no IPv6 address but its link-local one, by which no file can be fetched: ip addr add fd77::1/64 dev eth0")
}

// Who asks is told apart by what its packet shows: by its card, else by its
// identifier.
func TestClientOf6(t *testing.T) {
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
			p := packetOf6(machine6(1, boot.ROM, boot.PXE), dhcpv6.MessageTypeSolicit)
			tt.change(&p)
			c := clientOf6(dhcp6.Read(p), p)
			if c.MAC.String() != tt.mac || c.Loader != tt.loader || c.Arch != tt.arch || !c.IPv6 {
				t.Errorf("the client is %+v, %s", c, c.MAC)
			}
		})
	}
}

func TestPool6(t *testing.T) {
	wire := []dhcp6.Interface{{Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("fd77::1/64")}}}
	for text, want := range map[string]string{
		"fd77::50-fd77::99":    "fd77::50-fd77::99 of fd77::/64",
		"fd77::/64":            "fd77::1-fd77::ffff of fd77::/64",
		"fd77::ab00/120":       "fd77::ab01-fd77::abff of fd77::/64",
		"fd78::/64":            "fd78::1-fd78::ffff of fd78::/64",
		"fd78::50-fd78::99/64": "fd78::50-fd78::99 of fd78::/64",
		"fd78::10/126":         "fd78::11-fd78::13 of fd78::10/126",
	} {
		pool, err := ParsePool(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		pools, err := Config{Pools: []Pool{pool}}.pools6(wire)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := pools[0].String() + " of " + pools[0].Prefix.String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
		if behind := pools[0].Prefix != netip.MustParsePrefix("fd77::/64"); behind != (unpooled6(wire, pools) != "") {
			t.Errorf("%s: the warning is %q", text, unpooled6(wire, pools))
		} else if behind && !strings.HasSuffix(unpooled6(wire, pools), "those on eth0 fd77::1/64 get none: for them add --pool fd77::/64") {
			t.Errorf("%s: the warning is %q", text, unpooled6(wire, pools))
		}
	}
	for _, text := range []string{"fd78::50-fd78::99", "fe80::/64", "fd77::1-fd77:0:1::"} {
		if pool, err := ParsePool(text); err == nil {
			if pools, err := (Config{Pools: []Pool{pool}}).pools6(wire); err == nil {
				t.Errorf("%s is %v", text, pools)
			}
		}
	}
}

// Of several addresses on a network the one is told that machines are told.
func TestDescribeInterfaces6(t *testing.T) {
	i := dhcp6.Interface{Name: "eth0"}
	for _, p := range []string{"fd77::1/64", "fd77::9039:66ff:fec6:1d33/64", "fd78::1/64"} {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(p))
	}
	if got := describeInterfaces6([]dhcp6.Interface{i}); got != "eth0 fd77::1/64 fd78::1/64" {
		t.Errorf("got %q", got)
	}
}

// What is advertised is the network of a pool, on its interface alone.
func TestAdvertised(t *testing.T) {
	says := advertised([]dhcp6.Pool{{
		Prefix: netip.MustParsePrefix("fd77::/64"), First: netip.MustParseAddr("fd77::50"), Last: netip.MustParseAddr("fd77::99"), LeaseTime: time.Hour,
	}})
	at := func(prefix string) dhcp6.Interface {
		return dhcp6.Interface{Addrs: []netip.Prefix{netip.MustParsePrefix(prefix)}}
	}
	if what, ok := says(at("fd77::1/64")); !ok || !what.Managed || !what.Autonomous || what.RouterLifetime != 0 || what.Check() != nil {
		t.Errorf("advertises %+v, %v", what, ok)
	}
	if what, ok := says(at("fd78::1/64")); ok {
		t.Errorf("advertises %+v on another network", what)
	}
}
