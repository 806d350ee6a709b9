package explain

import (
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/route"
)

// packets6 shows the packets that a client and its servers would exchange over
// IPv6.
func (e *explanation) packets6(c boot.Client, r route.Route, indent string) error {
	x := exchange6{e: e, c: c, boot: dhcp6.Boot{URL: e.tree.Location(c, r)}, indent: indent + "  "}
	e.line("%sPackets:", indent)
	var err error
	switch {
	case e.lease == route.Ours:
		err = x.together()
	case c.Loader == boot.IPXE:
		_, err = x.ask(identify.Request6(c, dhcpv6.MessageTypeInformationRequest), "port 547", x.offered)
	default:
		err = x.beside()
	}
	if err != nil {
		return err
	}
	e.fetches(c, r, x.indent)
	return nil
}

// exchange6 is the first exchange of a client over IPv6.
type exchange6 struct {
	e      *explanation
	c      boot.Client
	boot   dhcp6.Boot
	indent string
}

// together is the exchange with a server that gives addresses and boot files.
func (x exchange6) together() error {
	advertised, err := x.ask(identify.Request6(x.c, dhcpv6.MessageTypeSolicit), "port 547", x.offered)
	if err != nil {
		return err
	}
	_, err = x.ask(x.choice(advertised), "port 547", x.offered)
	return err
}

// beside is the exchange beside another server, which gives the address. PXE asks
// for the boot file on port 4011, HTTP Boot takes it from the advertisement.
func (x exchange6) beside() error {
	solicit := identify.Request6(x.c, dhcpv6.MessageTypeSolicit)
	if _, err := x.ask(solicit, "port 547", x.offered); err != nil {
		return err
	}
	advertised, err := x.other(solicit)
	if err != nil || x.c.Proto != boot.PXE {
		return err
	}
	choice := x.choice(advertised)
	x.show("the machine to everybody, port 547", choice.Message.ToBytes())
	if _, err := x.other(choice); err != nil {
		return err
	}
	again := identify.Request6(x.c, dhcpv6.MessageTypeRequest)
	again.Port = dhcp6.BootPort
	_, err = x.ask(again, "port 4011", x.offered)
	return err
}

func (x exchange6) offered(p dhcp6.Packet) (*dhcpv6.Message, error) { return x.e.reply6(p, x.boot) }

// ask shows a request to us and the reply.
func (x exchange6) ask(p dhcp6.Packet, port string, answer func(dhcp6.Packet) (*dhcpv6.Message, error)) (*dhcpv6.Message, error) {
	whom := "everybody"
	if p.Port == dhcp6.BootPort {
		whom = "Spur"
	}
	x.show(fmt.Sprintf("the machine to %s, %s", whom, port), p.Message.ToBytes())
	reply, err := answer(p)
	if err != nil {
		return nil, err
	}
	x.show("Spur to the machine", dhcp6.Marshal(p, reply))
	return reply, nil
}

// other shows what the DHCPv6 server on the network replies.
func (x exchange6) other(p dhcp6.Packet) (*dhcpv6.Message, error) {
	ours := netip.PrefixFrom(p.Server, 64)
	p.Server = p.Server.Next()
	p.Interface.Addrs = []netip.Prefix{netip.PrefixFrom(p.Server, 64)}
	reply, err := exampleAddress6(p, dhcp6.ServerID([]byte("the server on the network")), ours)
	if err != nil {
		return nil, err
	}
	x.show(fmt.Sprintf("the DHCPv6 server to the machine: %s, for example", p.Server), dhcp6.Marshal(p, reply))
	return reply, nil
}

// choice is the REQUEST with which a client takes an advertised address.
func (x exchange6) choice(advertised *dhcpv6.Message) dhcp6.Packet {
	p := identify.Request6(x.c, dhcpv6.MessageTypeRequest)
	p.Message.AddOption(dhcpv6.OptServerID(advertised.Options.ServerID()))
	return p
}

func (x exchange6) show(who string, b []byte) { x.e.showPacket(x.indent, who, b, dissect.DHCPv6) }
