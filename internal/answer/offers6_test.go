package answer

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
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

func newOffers6(t *testing.T, r boot.Resolver) (*Offers6, *sent6) {
	t.Helper()
	out := &sent6{}
	return &Offers6{Offers: newCommon(t, r), ID: dhcp6.ServerID([]byte("a key")), Send: out.send}, out
}

// machine6 is a machine that asks over IPv6.
func machine6(n byte, l boot.Loader, p boot.Proto) boot.Client {
	c := answertest.Machine(n, boot.UEFI, l)
	c.Proto, c.IPv6, c.Server, c.UUID = p, true, ourAddr6, boot.UUID(bytes.Repeat([]byte{n}, 16))
	return c
}

// told6 has one request answered, and is the reply, if there was one.
func (o *Offers6) told6(t *testing.T, out *sent6, p dhcp6.Packet) *dhcpv6.Message {
	t.Helper()
	before := len(out.replies)
	o.Handle(t.Context(), p)
	o.Wait()
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
		"PXE":                  {identify.Request6(rom, dhcpv6.MessageTypeSolicit), "tftp://[fd77::1]/", "/snponly.efi"},
		"PXE on port 4011":     {at4011(identify.Request6(rom, dhcpv6.MessageTypeRequest)), "tftp://[fd77::1]/", "/snponly.efi"},
		"PXE, relayed":         {relayed(identify.Request6(rom, dhcpv6.MessageTypeSolicit)), "tftp://[fd77::1]/", "/snponly.efi"},
		"HTTP Boot":            {identify.Request6(http, dhcpv6.MessageTypeSolicit), "http://[fd77::1]/", "/snponly.efi"},
		"iPXE":                 {identify.Request6(ipxe, dhcpv6.MessageTypeInformationRequest), "http://[fd77::1]/", "/boot.ipxe"},
		"iPXE, for an address": {identify.Request6(ipxe, dhcpv6.MessageTypeSolicit), "", ""},
		"a REQUEST to another": {identify.Request6(rom, dhcpv6.MessageTypeRequest), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, out := newOffers6(t, resolver.Static{Payload: answertest.Kernel()})
			reply := o.told6(t, out, tt.packet)
			if reply == nil || tt.begins == "" {
				if reply != nil || tt.begins != "" {
					t.Errorf("the reply is %v", reply)
				}
				return
			}
			url := reply.Options.BootFileURL()
			if !strings.HasPrefix(url, tt.begins) || !strings.HasSuffix(url, tt.ends) || identify.FirstAddress(reply).IsValid() {
				t.Errorf("got %s", reply.Summary())
			}
			entry, ok := o.Tree.Describe(strings.TrimPrefix(url, tt.begins), netip.Addr{})
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
	o, out := newOffers6(t, resolver.Static{Payload: answertest.Kernel()})
	o.Addresses = ownServer6(t)
	c := machine6(1, boot.ROM, boot.PXE)
	stack := identify.Request6(c, dhcpv6.MessageTypeSolicit)
	stack.Message.Options.Del(dhcpv6.OptionClientArchType)
	stack.Message.Options.Del(dhcpv6.OptionVendorClass)
	stack.Message.AddOption(dhcpv6.OptRequestedOption(dhcpv6.OptionDNSRecursiveNameServer))
	if reply := o.told6(t, out, stack); reply.Options.BootFileURL() != "" || !identify.FirstAddress(reply).IsValid() {
		t.Errorf("its IPv6 stack is told %s", reply.Summary())
	}
	if len(o.Events.Attempts(c.MAC)) != 0 {
		t.Error("its IPv6 stack is told as a boot")
	}
	advertised := o.told6(t, out, identify.Request6(c, dhcpv6.MessageTypeSolicit))
	ask := identify.Request6(c, dhcpv6.MessageTypeRequest)
	ask.Message.AddOption(dhcpv6.OptServerID(o.ID))
	given := o.told6(t, out, ask)
	if a := identify.FirstAddress(given); !a.IsValid() || a != identify.FirstAddress(advertised) || given.Options.BootFileURL() == "" {
		t.Errorf("was given %s", given.Summary())
	}
	if who, ok := o.Clients.At(identify.FirstAddress(given)); !ok || who.MAC != c.MAC {
		t.Errorf("the address is said to be of %v", who.MAC)
	}
	wantStory(t, o.Events, c.MAC,
		"asks to boot: UEFI x64, PXE over IPv6",
		"offered "+identify.FirstAddress(given).String()+" and snponly.efi over TFTP (route uefi-x64-snponly)",
		"address "+identify.FirstAddress(given).String()+" from fd77::1")
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
	only := resolver.NewAllowList(resolver.Static{Payload: answertest.Kernel()}, []boot.MAC{{1}})
	c := machine6(1, boot.ROM, boot.PXE)
	o, out := newOffers6(t, only)
	if reply := o.told6(t, out, identify.Request6(c, dhcpv6.MessageTypeSolicit)); reply != nil {
		t.Errorf("was told %s", reply.Summary())
	}
	o.Addresses = ownServer6(t)
	if reply := o.told6(t, out, identify.Request6(c, dhcpv6.MessageTypeSolicit)); reply == nil || reply.Options.BootFileURL() != "" {
		t.Errorf("was told %v", reply)
	}
}

// A host whose only address is link-local can be heard, but nothing can be
// fetched from it: firmware's story says so, and iPXE, which asks by IPv4 as
// well, is no news.
func TestNoAddressOfOurs6(t *testing.T) {
	o, out := newOffers6(t, resolver.Static{Payload: answertest.Kernel()})
	for _, loader := range []boot.Loader{boot.IPXE, boot.ROM} {
		p := identify.Request6(machine6(1, loader, boot.PXE), dhcpv6.MessageTypeSolicit)
		if loader == boot.IPXE {
			p.Message.MessageType = dhcpv6.MessageTypeInformationRequest
		}
		p.Server, p.Interface.Addrs, p.Interface.Name = netip.Addr{}, nil, "eth0"
		if reply := o.told6(t, out, p); reply != nil {
			t.Errorf("%s was told %s", loader, reply.Summary())
		}
	}
	wantStory(t, o.Events, machine6(1, boot.ROM, boot.PXE).MAC,
		"asks to boot: UEFI x64, PXE over IPv6",
		"left alone: eth0 has no IPv6 address but its link-local one, by which no file can be fetched: ip addr add fd77::1/64 dev eth0")
}
