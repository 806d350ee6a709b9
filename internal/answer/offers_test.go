package answer

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
)

var ourAddr = netip.MustParseAddr("10.0.0.1")

// sent collects replies.
type sent struct {
	mu      sync.Mutex
	replies []*dhcpv4.DHCPv4
}

func (s *sent) send(_ dhcp.Packet, reply *dhcpv4.DHCPv4) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, reply)
	return nil
}

func (s *sent) all() []*dhcpv4.DHCPv4 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.replies)
}

func newOffers(t *testing.T, r boot.Resolver) (*Offers4, *sent) {
	t.Helper()
	out := &sent{}
	return &Offers4{Offers: newCommon(t, r), Send: out.send}, out
}

// newCommon are the offers of a host with some loaders.
func newCommon(t *testing.T, r boot.Resolver) *Offers {
	t.Helper()
	o := New(answertest.Parts(r))
	o.Trouble = func(what string, _ boot.MAC, _ string, err error) { t.Errorf("%s: %v", what, err) }
	return o
}

func packetOf(c boot.Client, change ...dhcpv4.Modifier) dhcp.Packet {
	m := identify.Request(c)
	for _, f := range change {
		f(m)
	}
	return dhcp.Packet{
		Message: m, Port: dhcp.ServerPort, Server: ourAddr, Time: time.Now(),
		Interface: dhcp.Interface{Name: "eth0", Addrs: []netip.Prefix{netip.PrefixFrom(ourAddr, 24)}},
	}
}

// iPXE says by option 175 that it can do HTTP.
func withHTTP(m *dhcpv4.DHCPv4) {
	m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(175), []byte{19, 1, 1, 24, 1, 1, 36, 1, 1}))
}

// The iPXE of VirtualBox's ROM has HTTP and no bzImage.
func withoutBzImage(m *dhcpv4.DHCPv4) {
	m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(175), []byte{19, 1, 1, 21, 1, 1}))
}

func TestProxyOffers(t *testing.T) {
	tests := []struct {
		name   string
		packet dhcp.Packet
		role   route.Role
		file   string
	}{
		{"BIOS", packetOf(answertest.Machine(1, boot.BIOS, boot.ROM)), route.NBP, "undionly.kpxe"},
		{"UEFI", packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)), route.NBP, "snponly.efi"},
		{"iPXE", packetOf(answertest.Machine(1, boot.UEFI, boot.IPXE), withHTTP), route.Script, "boot.ipxe"},
		{"iPXE without bzImage", packetOf(answertest.Machine(1, boot.BIOS, boot.IPXE), withoutBzImage), route.NBP, "undionly.kpxe"},
		{"iPXE without HTTP", packetOf(answertest.Machine(1, boot.BIOS, boot.IPXE)), route.NBP, "undionly.kpxe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
			o.Handle(t.Context(), tt.packet)
			o.Wait()
			if len(out.all()) != 1 {
				t.Fatalf("%d replies", len(out.all()))
			}
			reply := out.all()[0]
			path := strings.TrimPrefix(string(reply.Options.Get(dhcpv4.OptionBootfileName)), "http://10.0.0.1/")
			entry, ok := o.Tree.Describe(path, netip.Addr{})
			if !ok || entry.Role != tt.role || entry.Name != tt.file || entry.Client.MAC.String() != reply.ClientHWAddr.String() {
				t.Errorf("the offer's file %s is %+v, %v", path, entry, ok)
			}
			if !reply.YourIPAddr.IsUnspecified() || identify.Addr(reply.ServerIPAddr) != ourAddr {
				t.Errorf("not a proxy offer of ours: %s", reply.Summary())
			}
			if got := string(reply.Options.Get(dhcpv4.OptionRootPath)); got != "nfs:/root" {
				t.Errorf("root path %q", got)
			}
		})
	}
}

// The row of a file of machines that decides is told with the first offer alone.
func TestRowIsTold(t *testing.T) {
	p := answertest.Kernel()
	p.Row = "machines.yaml:12"
	o, _ := newOffers(t, resolver.Static{Payload: p})
	o.Handle(t.Context(), packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)))
	o.Wait()
	o.Handle(t.Context(), packetOf(answertest.Machine(1, boot.UEFI, boot.IPXE), withHTTP))
	o.Wait()
	var told []string
	for _, s := range o.Events.Attempts(answertest.Machine(1, boot.UEFI, boot.ROM).MAC)[0].Steps {
		if s.Kind == timeline.Offered {
			told = append(told, s.Text)
			if s.Row != p.Row {
				t.Errorf("%s: row %q", s.Text, s.Row)
			}
		}
	}
	if len(told) != 2 || !strings.HasSuffix(told[0], ", by machines.yaml:12") || strings.Contains(told[1], "machines.yaml") {
		t.Errorf("%q", told)
	}
}

func TestSilence(t *testing.T) {
	refuse := resolver.NewAllowList(resolver.Static{Payload: answertest.Kernel()}, []boot.MAC{{1}})
	arm := answertest.Machine(1, boot.UEFI, boot.ROM)
	arm.Arch = boot.ARM64
	pi := answertest.Machine(1, boot.BIOS, boot.ROM)
	pi.MAC = boot.MAC{0xb8, 0x27, 0xeb, 0, 0, 1}
	uboot := func(m *dhcpv4.DHCPv4) { m.UpdateOption(dhcpv4.OptClassIdentifier("U-Boot.armv8")) }
	plain := func(m *dhcpv4.DHCPv4) { m.Options.Del(dhcpv4.OptionClassIdentifier) }
	taken := dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest)
	tests := []struct {
		name     string
		resolver boot.Resolver
		packet   dhcp.Packet
		told     timeline.Kind
	}{
		{"a machine that is not in --only", refuse, packetOf(answertest.Machine(1, boot.BIOS, boot.ROM)), timeline.Ignored},
		{"a machine without a route", resolver.Static{Payload: answertest.Kernel()}, packetOf(arm), timeline.Ignored},
		{"a Raspberry Pi, which says that it is a BIOS", resolver.Static{Payload: answertest.Kernel()}, packetOf(pi), timeline.Ignored},
		{"U-Boot, which may say so too", resolver.Static{Payload: answertest.Kernel()}, packetOf(answertest.Machine(1, boot.BIOS, boot.ROM), uboot), timeline.Ignored},
		{"a request to the other server", resolver.Static{Payload: answertest.Kernel()}, packetOf(answertest.Machine(1, boot.BIOS, boot.ROM), taken), ""},
		{"a client that does not boot", resolver.Static{Payload: answertest.Kernel()}, packetOf(answertest.Machine(1, boot.BIOS, boot.ROM), plain), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, out := newOffers(t, tt.resolver)
			o.Handle(t.Context(), tt.packet)
			o.Wait()
			if len(out.all()) != 0 {
				t.Errorf("replied %s", out.all()[0].Summary())
			}
			if tt.told == "" {
				return
			}
			attempts := o.Events.Attempts(boot.MAC(tt.packet.Message.ClientHWAddr))
			if len(attempts) != 1 || attempts[0].Steps[len(attempts[0].Steps)-1].Kind != tt.told {
				t.Errorf("the story says %+v", attempts)
			}
		})
	}
}

func ownServer(t *testing.T) *dhcp.Server {
	t.Helper()
	s, err := dhcp.NewServer(dhcp.ServerConfig{
		Pools: []dhcp.Pool{{
			Prefix: netip.MustParsePrefix("10.0.0.0/24"),
			First:  netip.MustParseAddr("10.0.0.100"), Last: netip.MustParseAddr("10.0.0.110"),
		}},
		Store: &leases.MemoryStore{}, Authoritative: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOwnServerAddsTheBoot(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	o.Addresses = ownServer(t)
	o.Handle(t.Context(), packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)))
	o.Wait()
	if len(out.all()) != 1 {
		t.Fatalf("%d replies", len(out.all()))
	}
	reply := out.all()[0]
	if identify.Addr(reply.YourIPAddr) != netip.MustParseAddr("10.0.0.100") || !strings.HasSuffix(reply.BootFileName, "/snponly.efi") {
		t.Errorf("got %s", reply.Summary())
	}
}

// A machine that is not to be booted still gets its address: there is no other
// server that would give it one.
func TestOwnServerGivesAddressesToAll(t *testing.T) {
	o, out := newOffers(t, resolver.NewAllowList(resolver.Static{Payload: answertest.Kernel()}, []boot.MAC{{1}}))
	o.Addresses = ownServer(t)
	o.Handle(t.Context(), packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)))
	o.Wait()
	if len(out.all()) != 1 || out.all()[0].BootFileName != "" || !identify.Addr(out.all()[0].YourIPAddr).IsValid() {
		t.Errorf("got %v", out.all())
	}
}

// A loader that asks for its address again, as any client does, learns from whom to fetch,
// and what it fetches stays that of its boot.
func TestLoaderThatAsksAgain(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	o.Addresses = ownServer(t)
	rom := answertest.Machine(1, boot.BIOS, boot.ROM)
	plain := func(m *dhcpv4.DHCPv4) {
		m.Options = dhcpv4.Options{}
		m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeRequest))
		m.UpdateOption(dhcpv4.OptServerIdentifier(ourAddr.AsSlice()))
		m.UpdateOption(dhcpv4.OptRequestedIPAddress(netip.MustParseAddr("10.0.0.100").AsSlice()))
	}
	for _, p := range []dhcp.Packet{packetOf(rom), packetOf(rom, plain)} {
		o.Handle(t.Context(), p)
		o.Wait()
		if len(out.all()) == 1 {
			o.Clients.On(netip.MustParseAddr("10.0.0.100"), rom, route.Route{Name: "bios-grub-legacy"})
		}
	}
	if len(out.all()) != 2 || out.all()[1].MessageType() != dhcpv4.MessageTypeAck || identify.Addr(out.all()[1].ServerIPAddr) != ourAddr {
		t.Errorf("got %v", out.all())
	}
	if _, r, _ := o.Clients.Boot(netip.MustParseAddr("10.0.0.100")); r.Name != "bios-grub-legacy" {
		t.Errorf("its boot is by %q", r.Name)
	}
}

// A boot client on a network without a pool is left alone, and the story says
// why.
func TestOwnServerWithoutAPool(t *testing.T) {
	o, out := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	o.Addresses = ownServer(t)
	p := packetOf(answertest.Machine(1, boot.UEFI, boot.ROM))
	p.Interface.Addrs = []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}
	o.Handle(t.Context(), p)
	o.Wait()
	attempts := o.Events.Attempts(boot.MAC(p.Message.ClientHWAddr))
	if len(out.all()) != 0 || len(attempts) != 1 || attempts[0].Stage != timeline.LeftAlone {
		t.Errorf("%d replies, the story is %+v", len(out.all()), attempts)
		return
	}
	if last := attempts[0].Steps[len(attempts[0].Steps)-1]; !strings.Contains(last.Reason, "add --pool 10.9.0.0/24") {
		t.Errorf("the story doesn't say what to do: %q", last.Reason)
	}
}

// slow takes its time for one machine.
type slow struct{ mac boot.MAC }

func (s slow) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if c.MAC != s.mac {
		return answertest.Kernel(), nil
	}
	select {
	case <-time.After(10 * time.Second):
		return answertest.Kernel(), nil
	case <-ctx.Done():
		return boot.Payload{}, fmt.Errorf("%w: %w", boot.ErrIgnore, ctx.Err())
	}
}

func TestSlowAnswerDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, quick := answertest.Machine(1, boot.BIOS, boot.ROM), answertest.Machine(2, boot.BIOS, boot.ROM)
		o, out := newOffers(t, slow{late.MAC})
		began := time.Now()
		o.Handle(t.Context(), packetOf(late))
		o.Handle(t.Context(), packetOf(quick))
		synctest.Wait()
		if len(out.all()) != 1 || boot.MAC(out.all()[0].ClientHWAddr) != quick.MAC || time.Since(began) != 0 {
			t.Errorf("after %v: %v", time.Since(began), out.all())
		}
		o.Wait()
		if len(out.all()) != 2 {
			t.Errorf("the slow machine was forgotten")
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := answertest.Machine(1, boot.BIOS, boot.ROM)
		o, _ := newOffers(t, slow{late.MAC})
		for range maxAnswers + 5 {
			o.Handle(t.Context(), packetOf(late))
		}
		if got := o.Dropped(); got != 5 {
			t.Errorf("%d dropped, want 5", got)
		}
		o.Wait()
	})
}
