package onlooker

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
)

// overhearing turns what a capture has of one machine into events, as an onlooker
// sees them.
type overhearing struct {
	machine *capture.Machine
	client  boot.Client // the program that asked last
	server  netip.Addr  // which said what to boot first
	file    string      // that was named last
	menu    pxe.Menu    // that it was shown last
	images  []bsdp.Image
	events  []timeline.Event
}

// Events lists the events of a machine in their order.
func Events(m *capture.Machine) []timeline.Event {
	o := &overhearing{machine: m}
	for _, i := range m.Items {
		switch i.Proto {
		case capture.DHCP:
			o.dhcp(i)
		case capture.DHCP6:
			o.dhcp6(i)
		case capture.Fetch:
			o.fetch(i.Transfer)
		}
	}
	slices.SortStableFunc(o.events, func(a, b timeline.Event) int { return a.Time.Compare(b.Time) })
	return o.events
}

// Boots tells whether a machine of a capture has anything to do with booting.
func Boots(events []timeline.Event) bool {
	return slices.ContainsFunc(events, func(e timeline.Event) bool { return e.Kind != timeline.OSAsked })
}

func (o *overhearing) add(at time.Time, e timeline.Event) {
	e.Time, e.MAC, e.Onlooker = at, o.machine.MAC, true
	o.events = append(o.events, e)
}

func (o *overhearing) dhcp(i *capture.Item) {
	m, err := dhcp.Parse(i.Message)
	switch {
	case err != nil, dhcp.IsProbe(m):
	case m.OpCode == dhcpv4.OpcodeBootRequest:
		o.request(i, m)
	case o.client.Loader != "":
		o.reply(i, m)
	}
}

func (o *overhearing) request(i *capture.Item, m *dhcpv4.DHCPv4) {
	p := dhcp.Packet{Message: m, Port: i.Dst.Port(), From: i.Src, To: i.Dst.Addr(), Server: i.Dst.Addr(), Time: i.Time}
	r := pxe.Read(m)
	c := identify.Client(r, p)
	e, ok := identify.Event(r, c, p)
	if !ok {
		o.macChooses(i, m, c)
		return
	}
	switch e.Kind {
	case timeline.Asked:
		e.Audible = true
		if c.Loader != o.client.Loader || c.Proto != o.client.Proto {
			o.server, o.file = netip.Addr{}, ""
		}
		o.client = c
	case timeline.BootAsked:
		o.client, e.Reason = c, o.chosenItem(r)
	}
	o.add(i.Time, e)
}

// reply is one of a server. The first one that says what to boot is the boot
// server; offers of others compete with its.
func (o *overhearing) reply(i *capture.Item, m *dhcpv4.DHCPv4) {
	file, addr := identify.BootFile(m), identify.Addr(m.YourIPAddr)
	heard := dhcp.Overheard{Message: m, From: i.Src}
	if bsdp.IsBSDP(m.ClassIdentifier()) {
		o.macReply(i, m)
		return
	}
	if i.Src.Port() == dhcp.BootPort || i.Dst.Port() == dhcp.BootPort {
		o.named(i.Time, timeline.Answered, file, heard.Server(), netip.Addr{})
		return
	}
	if m.MessageType() != dhcpv4.MessageTypeOffer {
		return
	}
	says := file != "" || pxe.IsOffer(m) && (!addr.IsValid() || o.client.Loader == boot.RPi) // which is told no file
	if says && (!o.server.IsValid() || o.server == heard.Server()) {
		o.named(i.Time, timeline.Offered, file, heard.Server(), addr)
		o.events[len(o.events)-1].Menu = o.menuShown(m, heard.Server())
		return
	}
	if e, ok := identify.OtherOffer(heard); ok {
		o.add(i.Time, e)
	}
}

// named is an offer or answer of the boot server.
func (o *overhearing) named(at time.Time, kind timeline.Kind, file string, server, addr netip.Addr) {
	o.server, o.file = server, file
	o.add(at, timeline.Event{Kind: kind, Client: o.client, Proto: protoOf(file), Name: baseOf(file), Server: server, Peer: addr})
}

// protoOf is the protocol by which a boot file is to be fetched.
func protoOf(file string) string {
	scheme, _, ok := strings.Cut(strings.ToLower(file), "://")
	switch {
	case file == "":
		return ""
	case ok:
		return scheme
	}
	return "tftp"
}

// baseOf is the last part of a file's name, without what is behind it in a URL.
func baseOf(file string) string {
	if file == "" {
		return ""
	}
	name, _, _ := strings.Cut(strings.ReplaceAll(file, `\`, "/"), "?")
	return path.Base(name)
}

// Attempts plays events through a timeline, and returns the boots that it made of
// them. ended is when nobody listened any more: who did until then knows what did
// not come.
func Attempts(events []timeline.Event, ended time.Time) []timeline.Attempt {
	if len(events) == 0 {
		return nil
	}
	now := events[0].Time
	tl := timeline.New(timeline.Config{Machines: 1, Attempts: 32, Onlooker: true, Now: func() time.Time { return now }})
	for _, e := range events {
		tl.Elapse(e.Time, &now)
		tl.Observe(e)
	}
	tl.Elapse(ended, &now)
	return tl.Attempts(events[0].MAC)
}
