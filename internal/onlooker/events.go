package onlooker

import (
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
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

func (o *overhearing) dhcp6(i *capture.Item) {
	inner, _ := capture.Unwrap6(i.Message)
	if m, relays, err := dhcp6.Parse(i.Message); err == nil {
		o.request6(i, m, relays)
	} else if m, err := dhcpv6.MessageFromBytes(inner); err == nil && o.client.Loader != "" {
		o.reply6(i, m)
	}
}

func (o *overhearing) request6(i *capture.Item, m *dhcpv6.Message, relays []dhcp6.Relay) {
	p := dhcp6.Packet{Message: m, Relays: relays, Port: i.Dst.Port(), From: i.Src, To: i.Dst.Addr(), Card: i.From, Server: i.Dst.Addr(), Time: i.Time}
	r := dhcp6.Read(p)
	c := identify.Client6(r, p)
	c.MAC = o.machine.MAC
	e, ok := identify.Event6(r, c, p)
	if !ok {
		return
	}
	if e.Kind == timeline.Asked && (!o.client.IPv6 || c.Proto != o.client.Proto || c.Loader != o.client.Loader) {
		o.server, o.file = netip.Addr{}, ""
	}
	if r.IsBoot() {
		o.client = c
	}
	e.Audible = true
	o.add(i.Time, e)
}

func (o *overhearing) reply6(i *capture.Item, m *dhcpv6.Message) {
	url, addr, server := m.Options.BootFileURL(), identify.FirstAddress(m), i.Src.Addr()
	switch {
	case i.Src.Port() == dhcp6.BootPort || i.Dst.Port() == dhcp6.BootPort:
		o.named(i.Time, timeline.Answered, url, server, netip.Addr{})
	case m.MessageType != dhcpv6.MessageTypeAdvertise && (url == "" || addr.IsValid()):
	case url != "" && (!o.server.IsValid() || o.server == server):
		o.named(i.Time, timeline.Offered, url, server, addr)
	case addr.IsValid() || url != "":
		o.add(i.Time, timeline.Event{Kind: timeline.OtherOffered, Proto: "dhcp", Peer: addr, Server: server, Name: baseOf(url)})
	}
}

// fetch is one transfer, from its request to its end as far as that is in the
// capture.
func (o *overhearing) fetch(t *capture.Transfer) {
	if t.Method == http.MethodHead && t.Err == "" {
		return // firmware asks for the size first
	}
	name := baseOf(t.Name)
	if name == "" && t.Proto != "tftp" { // whose request is what a transfer begins with
		name = baseOf(o.file)
	}
	e := timeline.Event{
		Proto: t.Proto, Name: name, Role: o.roleOf(t, name), Peer: t.Client.Addr(), Server: t.Server.Addr(),
		Bytes: t.Bytes, Total: max(t.Total, t.Whole),
	}
	if _, query, ok := strings.Cut(t.Name, "?"); ok {
		o.memory(t, query)
	}
	if e.Spare = t.Missing && o.doesWithout(name); !e.Spare {
		start := e
		start.Kind, start.Bytes = timeline.FetchStart, 0
		o.add(t.Start, start)
	}
	switch {
	case t.Done && t.Err == "":
		e.Kind = timeline.FetchEnd
	case t.SizeOnly:
		e.Kind = timeline.SizeAsked
	case t.Err == "":
		e.Kind = timeline.FetchProgress
	default:
		e.Kind, e.Err = timeline.FetchFailed, t.Err
		if t.Refused {
			e.Refusal = timeline.Refused
		}
		if t.Missing {
			e.Refusal = timeline.NoSuchFile
		}
	}
	o.add(t.Last, e)
}

// memory is what a machine says of its memory while it asks for its kernel.
func (o *overhearing) memory(t *capture.Transfer, query string) {
	values, err := url.ParseQuery(query)
	if bytes := identify.Memory(values); err == nil && bytes > 0 {
		o.add(t.Start, timeline.Event{Kind: timeline.Memory, Proto: t.Proto, Bytes: bytes, Peer: t.Client.Addr()})
	}
}

// doesWithout tells whether the machine's programs look for a file and need none.
func (o *overhearing) doesWithout(name string) bool {
	if o.client.Loader == boot.RPi {
		return !route.RPiNeeds(o.client, name)
	}
	return route.LoadersDoWithout(name)
}

// loaderMost is the size of the largest loader; an EFI application that is larger
// has a kernel in it.
const loaderMost = 8 << 20

// roleOf says by its name what a file is for. The file that was offered is what
// the program starts, whatever it is called.
func (o *overhearing) roleOf(t *capture.Transfer, name string) timeline.Role {
	lower := strings.ToLower(name)
	if o.client.Loader == boot.RPi {
		return timeline.Role(route.RPiRole(name))
	}
	config := strings.Contains(t.Name, "pxelinux.cfg/") || hasAny(lower, "grub.cfg", "menu.lst", "boot.scr", ".conf", ".cfg", "autoexec.ipxe")
	switch {
	case config && t.Missing:
		return timeline.RoleFile // loaders look for one after the other
	case config, hasAny(lower, ".ipxe", ".gpxe"):
		return timeline.RoleScript
	case hasAny(lower, ".c32", ".e32", ".e64", ".mod", ".lst", "revocations", ".dtb", ".pf2", "shim_certificate"):
		return timeline.RoleFile
	case strings.HasSuffix(lower, ".efi") && max(t.Total, t.Whole, t.Bytes) > loaderMost:
		return timeline.RoleKernel
	case hasAny(lower, "vmlinu", "bzimage", ".lkrn", "xen") || lower == "linux" || lower == "kernel" || lower == "memdisk":
		return timeline.RoleKernel
	case hasAny(lower, "initrd", "initramfs", ".cpio"):
		return timeline.RoleInitrd
	case o.client.Loader == boot.IPXE && name == baseOf(o.file) && !strings.Contains(lower, "."):
		return timeline.RoleScript
	case hasAny(lower, ".efi", "pxe", ".0", ".com", ".n12", "grub", "shim") || name == baseOf(o.file):
		return timeline.RoleLoader
	}
	return timeline.RoleFile
}

func hasAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
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
