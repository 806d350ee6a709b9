package explain

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// exchange4 is the first exchange of a client, by one shape of offer.
type exchange4 struct {
	e     *explanation
	c     boot.Client
	boot  pxe.Boot
	other netip.Addr // the DHCP server on the network, for example; invalid where Spur gives addresses
}

// exchanged shows the packets of the best route of a ladder, where they are asked
// for: by the others nothing but the boot file is another.
func (e *explanation) exchanged(c boot.Client, r route.Route, rung int, indent string) error {
	switch {
	case !e.question.Packets || rung > 0:
		return nil
	case c.IPv6:
		return e.packets6(c, r, indent)
	case c.Loader == boot.Apple:
		return e.packetsMac(c, r, indent)
	}
	return e.packets4(c, r, indent)
}

// packets4 shows the packets that a client and its servers would exchange over
// one route: all of them by the first shape of offer, by each other one what it
// changes.
func (e *explanation) packets4(c boot.Client, r route.Route, indent string) error {
	shapes := route.ShapesFor(c, e.lease)
	first := e.shape(c, r)
	if err := e.exchange(c, r, first, true, indent); err != nil {
		return err
	}
	for _, s := range shapes {
		if s.Name == first.Name {
			continue
		}
		if err := e.exchange(c, r, s, false, indent); err != nil {
			return err
		}
	}
	return nil
}

// exchange shows the packets by one shape.
func (e *explanation) exchange(c boot.Client, r route.Route, s route.Shape, whole bool, indent string) error {
	x := exchange4{e: e, c: c, boot: answer.BootOf(decide.Decision{Client: c, Payload: e.payload, Route: r, Shape: s, Menu: e.menu}, e.tree)}
	if e.lease == route.Theirs {
		x.other = identify.Neighbour(c.Server)
	}
	switch {
	case whole:
		e.line("%sPackets%s:", indent, inShape(s.Name))
	case s.Late:
		e.line("%sPackets%s: the same, a second after the request at least", indent, inShape(s.Name))
		return nil
	default:
		e.line("%sPackets%s, as far as they are others:", indent, inShape(s.Name))
	}
	if err := x.show(whole, indent+"  "); err != nil {
		return err
	}
	if whole {
		e.fetches(c, r, indent+"  ")
	}
	return nil
}

func inShape(name string) string {
	if name == "" {
		return ""
	}
	return " in the shape " + name
}

// show goes through the exchange: with whole all of it, else our part.
func (x exchange4) show(whole bool, indent string) error {
	discover := identify.Request(x.c)
	if whole {
		x.packet(indent, "the machine to everybody, port 67", discover)
	}
	offer, err := x.e.reply(discover, x.boot)
	if err != nil {
		return err
	}
	leased, server := offer, x.c.Server
	if x.other.IsValid() {
		server = x.other
		if leased, err = exampleAddress(discover, x.other, x.c.Server); err != nil {
			return err
		}
		if whole {
			x.packet(indent, fmt.Sprintf("the DHCP server to the machine: %s, for example", x.other), leased)
		}
	}
	x.packet(indent, "Spur to the machine", offer)
	request := chosen(discover, leased, server)
	ack, err := x.acknowledge(request, server)
	if err != nil {
		return err
	}
	if whole {
		x.packet(indent, "the machine to everybody, port 67", request)
	}
	if whole || !x.other.IsValid() {
		x.packet(indent, fmt.Sprintf("%s to the machine", x.giver()), ack)
	}
	return x.port4011(discover, offer, ack, indent)
}

// giver is who gives addresses.
func (x exchange4) giver() string {
	if x.other.IsValid() {
		return "the DHCP server"
	}
	return "Spur"
}

// acknowledge is the reply to the choice of an address.
func (x exchange4) acknowledge(request *dhcpv4.DHCPv4, server netip.Addr) (*dhcpv4.DHCPv4, error) {
	ack, err := exampleAddress(request, server, x.c.Server)
	if err != nil || x.other.IsValid() {
		return ack, err
	}
	return ack, pxe.Apply(ack, request, x.boot)
}

// port4011 is what follows where an offer has the ROM ask a boot server: it says
// PXEClient, and not that its own boot file is the one (PXE 2.1 section 2.2.4).
func (x exchange4) port4011(discover, offer, ack *dhcpv4.DHCPv4, indent string) error {
	if x.c.Loader != boot.ROM || x.c.Proto != boot.PXE || !pxe.AsksBootServer(offer) {
		return nil
	}
	m := *discover
	m.Options = dhcpv4.Options{}
	for code, v := range discover.Options {
		m.Options[code] = v
	}
	m.ClientIPAddr = ack.YourIPAddr
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeRequest))
	if item := pxe.FirstItem(offer); item != nil {
		m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionVendorSpecificInformation, item))
	}
	chosen := x.boot
	chosen.Menu = nil
	answer, err := pxe.Answer(&m, chosen)
	if err != nil {
		return err
	}
	x.packet(indent, "the machine to Spur, port 4011", &m)
	x.packet(indent, "Spur to the machine, from port 4011", answer)
	return nil
}

// packet shows one packet.
func (x exchange4) packet(indent, who string, m *dhcpv4.DHCPv4) {
	x.e.showPacket(indent, who, dhcp.Marshal(m), dissect.DHCP)
}

// showPacket shows a packet field by field, and with --bytes byte by byte.
func (e *explanation) showPacket(indent, who string, b []byte, read func([]byte) dissect.Packet) {
	p := read(b)
	e.line("%s%s: %s", indent, who, p.Title)
	for _, line := range p.Lines() {
		e.line("%s    %s", indent, line)
	}
	if e.question.Bytes {
		for line := range strings.Lines(hex.Dump(b)) {
			e.line("%s    %s", indent, strings.TrimRight(line, "\n"))
		}
	}
}

// fetches lists the files that the client comes for, in their order.
func (e *explanation) fetches(c boot.Client, r route.Route, indent string) {
	via := strings.ToUpper(string(r.Via))
	e.line("%sthe machine to Spur, %s: %s", indent, via, e.tree.Location(c, r))
	switch {
	case r.Shim:
		e.line("%s  then the shim, from the same folder: what it starts, and its configuration", indent)
	case r.Loader == boot.UBoot:
		e.line("%s  then %s, kernel and initrd, from the same folder", indent, route.UBootScripted)
	case r.Role == route.Script:
		urls := e.tree.URLs(c, r, e.payload, tree.Asker{Via: r.Via, Server: c.Server})
		for _, url := range append([]string{urls.Kernel}, urls.Initrds...) {
			if url != "" {
				e.line("%s  then %s", indent, url)
			}
		}
	case r.Via == route.TFTP && c.Firmware == boot.UEFI && c.Loader == boot.ROM:
		e.line("%s  first for its size (tsize), which firmware breaks off with an error, then for all of it", indent)
	case r.Via == route.HTTP || r.Via == route.HTTPS:
		e.line("%s  first by HEAD, for its size, then by GET", indent)
	}
}

// chosen is the REQUEST with which a client takes an offered address.
func chosen(discover, offer *dhcpv4.DHCPv4, server netip.Addr) *dhcpv4.DHCPv4 {
	m := *discover
	m.Options = dhcpv4.Options{}
	for code, v := range discover.Options {
		m.Options[code] = v
	}
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeRequest))
	m.UpdateOption(dhcpv4.OptServerIdentifier(server.AsSlice()))
	m.UpdateOption(dhcpv4.OptRequestedIPAddress(offer.YourIPAddr))
	return &m
}
