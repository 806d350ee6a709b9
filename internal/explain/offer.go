package explain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// offer shows what the client would be sent.
func (e *explanation) offer(c boot.Client, r route.Route, indent string) error {
	switch {
	case c.IPv6:
		return e.offer6(c, r, indent)
	case c.Loader == boot.Apple:
		return e.offerMac(c, r, indent)
	}
	m := identify.Request(c)
	d := decide.Decision{Client: c, Payload: e.payload, Route: r, Shape: e.shape(c, r), Menu: e.menu}
	b := answer.BootOf(d, e.tree)
	reply, err := e.reply(m, b)
	if err != nil {
		return err
	}
	e.showMenu(reply, indent)
	e.line("%snext-server %s", indent, identify.Addr(reply.ServerIPAddr))
	if b.File != "" {
		e.line("%sfile        %s", indent, b.File)
	}
	for _, code := range slices.Sorted(maps.Keys(b.Options)) {
		e.line("%soption %d  %s", indent, code, b.Options[code])
	}
	if len(b.Options) > 0 {
		e.line("%s            which it is told in case that the network's DHCP server sends these options for another PXELINUX", indent)
	}
	if !e.question.Bytes || e.question.Packets {
		return nil
	}
	if e.lease == route.Ours {
		e.line("%saddress     %s, for example: a machine gets one of --pool", indent, identify.Addr(reply.YourIPAddr))
	}
	for line := range strings.Lines(reply.Summary()) {
		e.line("%s%s", indent, strings.TrimRight(line, "\n"))
	}
	for line := range strings.Lines(hex.Dump(dhcp.Marshal(reply))) {
		e.line("%s%s", indent, strings.TrimRight(line, "\n"))
	}
	return nil
}

// showMenu shows the menu in the first offer, as a ROM reads it. The ladder goes on with its
// first item of ours.
func (e *explanation) showMenu(reply *dhcpv4.DHCPv4, indent string) {
	m, ok := pxe.ReadMenu(reply.Options.Get(dhcpv4.OptionVendorSpecificInformation))
	if !ok || e.menu == nil || e.toldMenu {
		return
	}
	e.toldMenu = true
	e.line("%smenu        %q, %s; then, asked for on port 4011:", indent, m.Prompt, waitText(m.Timeout))
	for n, i := range m.Items {
		where := "Spur"
		switch own, _ := e.menu.Find(uint16(i.Type)); {
		case own.Ours:
		case i.Type == pxe.LocalBoot:
			where = "the machine's own disk"
		case len(i.Servers) == 0:
			where = "whichever server answers a multicast or a broadcast"
		default:
			where = listed(i.Servers)
		}
		e.line("%s            %d. %s (type %d): %s", indent, n+1, i.Title, i.Type, where)
	}
}

// listed are addresses in one line.
func listed(addrs []netip.Addr) string {
	var all []string
	for _, a := range addrs {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

// waitText says how long a menu waits.
func waitText(timeout uint8) string {
	switch timeout {
	case 0:
		return "which takes the first item at once"
	case decide.WaitsForGood:
		return "which waits for good"
	}
	return fmt.Sprintf("which takes the first item after %d s", timeout)
}

// shape is the form that the first offer to a client has, which is the usual one
// unless the route asks for another.
func (e *explanation) shape(c boot.Client, r route.Route) route.Shape {
	s, _ := route.PickShape(route.ShapesFor(c, e.lease), r.Shape, nil)
	return s
}

// reply is the offer that the question's mode of DHCP leads to.
func (e *explanation) reply(m *dhcpv4.DHCPv4, b pxe.Boot) (*dhcpv4.DHCPv4, error) {
	if e.lease == route.Theirs {
		return pxe.Offer(m, b)
	}
	reply, err := exampleAddress(m, b.Server)
	if err != nil {
		return nil, err
	}
	return reply, pxe.Apply(reply, m, b)
}

// exampleAddress is the offer of a DHCP server, with the network of its address for
// its pool, but for the addresses that others have.
func exampleAddress(m *dhcpv4.DHCPv4, server netip.Addr, others ...netip.Addr) (*dhcpv4.DHCPv4, error) {
	on := netip.PrefixFrom(server, 24)
	pool := dhcp.WholeNetwork(on.Masked())
	pool.Exclude = append([]netip.Addr{server}, others...)
	s, err := dhcp.NewServer(dhcp.ServerConfig{Pools: []dhcp.Pool{pool}, Store: &leases.MemoryStore{}, Authoritative: true})
	if err != nil {
		return nil, err
	}
	reply, outcome := s.Handle(time.Now(), dhcp.Packet{
		Message: m, Interface: dhcp.Interface{Addrs: []netip.Prefix{on}}, Port: dhcp.ServerPort, Server: server,
	})
	if reply == nil {
		return nil, errors.New(outcome.Reason)
	}
	return reply, nil
}
