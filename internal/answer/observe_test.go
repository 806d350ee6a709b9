package answer

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/timeline"
)

// otherReply is what a server at 10.0.0.9 sends to a machine.
func otherReply(c boot.Client, kind dhcpv4.MessageType, change ...dhcpv4.Modifier) dhcp.Overheard {
	m := &dhcpv4.DHCPv4{OpCode: dhcpv4.OpcodeBootReply, ClientHWAddr: c.MAC[:], Options: dhcpv4.Options{}}
	m.UpdateOption(dhcpv4.OptMessageType(kind))
	m.UpdateOption(dhcpv4.OptServerIdentifier([]byte{10, 0, 0, 9}))
	for _, f := range change {
		f(m)
	}
	return dhcp.Overheard{Message: m, From: netip.MustParseAddrPort("10.0.0.9:67"), Time: time.Now()}
}

// Offers of other servers are told where they say what to boot, by whichever
// field; who offers an address alone is no news.
func TestOtherServersAreHeard(t *testing.T) {
	address := func(m *dhcpv4.DHCPv4) { m.YourIPAddr = []byte{10, 0, 0, 50} }
	class := dhcpv4.WithOption(dhcpv4.OptClassIdentifier("PXEClient"))
	for name, tt := range map[string]struct {
		reply dhcp.Overheard
		want  string
	}{
		"an address":         {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, address), ""},
		"the field file":     {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, address, func(m *dhcpv4.DHCPv4) { m.BootFileName = "pxelinux.0" }), "another server, 10.0.0.9, offers pxelinux.0 as well"},
		"option 67":          {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, address, dhcpv4.WithOption(dhcpv4.OptBootFileName("a.efi\x00"))), "another server, 10.0.0.9, offers a.efi as well"},
		"a proxy":            {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, class), "another server, 10.0.0.9, says that it knows what to boot"},
		"an address and 60":  {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, address, class), "another server, 10.0.0.9, says that it knows what to boot"},
		"nothing":            {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer), ""},
		"an ACK":             {otherReply(answertest.Machine(1, boot.UEFI, boot.ROM), dhcpv4.MessageTypeAck, address, class), ""},
		"to another machine": {otherReply(answertest.Machine(2, boot.UEFI, boot.ROM), dhcpv4.MessageTypeOffer, address, class), ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
			o.Handle(t.Context(), packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)))
			o.Wait()
			o.Overheard(tt.reply)
			attempts := o.Events.Attempts(answertest.Machine(1, boot.UEFI, boot.ROM).MAC)
			at := slices.IndexFunc(attempts[0].Steps, func(s timeline.Step) bool { return s.Kind == timeline.OtherOffered })
			got := ""
			if at >= 0 {
				got = attempts[0].Steps[at].Text
			}
			if got != tt.want || len(o.Events.Machines()) != 1 {
				t.Errorf("the story says %q of it, want %q; %d machines", got, tt.want, len(o.Events.Machines()))
			}
		})
	}
}

// That nobody offers an address means something only where it would be heard.
func TestWhoWouldBeHeard(t *testing.T) {
	aloud := dhcpv4.WithBroadcast(true)
	relayed := func(m *dhcpv4.DHCPv4) { m.GatewayIPAddr = []byte{10, 1, 0, 1} }
	for name, tt := range map[string]struct {
		packet dhcp.Packet
		beside bool
		want   bool
	}{
		"a machine that wants broadcasts":  {packetOf(answertest.Machine(1, boot.UEFI, boot.ROM), aloud), false, true},
		"one that does not":                {packetOf(answertest.Machine(1, boot.UEFI, boot.ROM)), false, false},
		"one behind a relay":               {packetOf(answertest.Machine(1, boot.UEFI, boot.ROM), aloud, relayed), false, false},
		"beside a DHCP server on our host": {packetOf(answertest.Machine(1, boot.UEFI, boot.ROM), aloud), true, false},
	} {
		o, _ := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
		if o.Beside = tt.beside; o.hearsOthers(tt.packet) != tt.want {
			t.Errorf("%s: want %v", name, tt.want)
		}
	}
}

// A machine that takes an address on a network where it was told no address of
// ours isn't held to be behind a firewall.
func TestVerdictOfAMachineElsewhere(t *testing.T) {
	o, _ := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	c := answertest.Machine(1, boot.BIOS, boot.ROM)
	two := func(p dhcp.Packet) dhcp.Packet {
		p.Interface.Addrs = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.1.0.1/24")}
		return p
	}
	o.Handle(t.Context(), two(packetOf(c)))
	o.Wait()
	o.Handle(t.Context(), two(packetOf(c, dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress([]byte{10, 1, 0, 50})),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier([]byte{10, 1, 0, 2})))))
	o.Wait()
	attempts := o.Events.Attempts(c.MAC)
	v, ok := timeline.Judge(attempts[0], time.Now().Add(time.Hour))
	if !ok || !strings.Contains(v.Hint, "--server-address 10.1.0.1") || strings.Contains(v.Likely+v.Hint, "firewall") {
		t.Errorf("the verdict is %+v", v)
	}
}
