package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// ErrWouldFail is the error about a boot that would fail as it did.
var ErrWouldFail = errors.New("the machine would not boot")

// Spur is the one that a record is played against.
type Spur struct {
	Tree     *tree.Tree // names what is offered
	Resolver boot.Resolver
	Menu     *decide.Menu   // from which people choose; nil for none
	Only     pxe.BootType   // the type of boot server that Spur is in another server's menu; 0 for none
	Lease    route.Lease    // who gives the addresses
	Files    []boot.File    // of the target
	Brought  []boot.Bringer // likewise, where it brings its loaders
}

// Play plays a machine's side of a recorded boot against what Spur would answer today,
// and writes to out what is another now. No socket is opened. It is an error where the
// machine would be answered as it was when it failed, or not at all.
func Play(ctx context.Context, out io.Writer, s Spur, r record.Record) error {
	var giver netip.Addr
	if s.Lease == route.Ours {
		giver = inPlaceOf(&r)
	}
	p := newPlayer(out, s, r)
	if giver.IsValid() {
		p.server = giver
	}
	if err := p.checkMenu(); err != nil {
		return err
	}
	if s.Lease == route.Ours {
		if err := p.giveAddresses(); err != nil {
			return err
		}
	}
	return p.run(ctx)
}

// player plays a record.
type player struct {
	Spur
	out     io.Writer
	record  record.Record
	offers4 *answer.Offers4
	offers6 *answer.Offers6
	events  *timeline.Timeline
	now     time.Time
	server  netip.Addr      // of ours, where the record has none
	there   map[string]bool // files that could not be had, and can today
	refused string          // the file that could not be had last, without its folder

	sent   []byte // what was answered last
	silent string // why the last request was not answered

	asked, answers, differ, unanswered int
}

// newPlayer prepares a Spur without sockets.
func newPlayer(out io.Writer, s Spur, r record.Record) *player {
	p := &player{Spur: s, out: out, record: r, now: r.Head.Began, there: map[string]bool{}, server: serverOf(r)}
	p.events = timeline.New(timeline.Config{Machines: 1, Attempts: 32, Now: func() time.Time { return p.now }, Tap: p.tap})
	p.events.Know(r.Head.MAC, timeline.Learned{Failed: r.Head.Failed, Shape: r.Head.Shape}, r.Head.Refused)
	d := decide.Decider{Resolver: s.Resolver, Host: s.Tree.Host, Failed: p.events.Failed, Shapes: p.events.Shapes, Lease: s.Lease, Menu: s.Menu, Beside: s.Only != 0}
	o := answer.New(d, s.Tree, p.events, &decide.Clients{})
	o.Only = s.Only
	o.Trouble = func(what string, _ boot.MAC, _ string, err error) { p.silent = what + ": " + err.Error() }
	p.offers4 = &answer.Offers4{Offers: o, Beside: r.Head.Beside, Timeless: true, Send: func(_ dhcp.Packet, m *dhcpv4.DHCPv4) error {
		p.sent = dhcp.Marshal(m)
		return nil
	}}
	id := identityIn(r, dhcp6.ServerID([]byte(s.Tree.Names.Key.Text())))
	p.offers6 = &answer.Offers6{Offers: o, ID: id, Send: func(_ dhcp6.Packet, m *dhcpv6.Message) error {
		p.sent = m.ToBytes()
		return nil
	}}
	return p
}

// serverOf is an address at which the machine would reach Spur: one of the record,
// else one beside a server's that is in it.
func serverOf(r record.Record) netip.Addr {
	for _, e := range r.Entries {
		if e.Packet != nil && e.Packet.Server.Is4() {
			return e.Packet.Server
		}
	}
	for _, e := range r.Entries {
		if e.Packet == nil || e.Packet.Way != record.Heard || e.Packet.Proto != record.DHCP {
			continue
		}
		if a := e.Packet.Src.Addr(); a.Is4() && !a.IsUnspecified() {
			return identify.Neighbour(a)
		}
	}
	return netip.MustParseAddr("192.0.2.1")
}

// identityIn is the identifier by which the machine knew the boot server over
// IPv6, since it repeats it; otherwise where the record shows none.
func identityIn(r record.Record, otherwise dhcpv6.DUID) dhcpv6.DUID {
	for _, e := range r.Entries {
		if e.Packet == nil || e.Packet.Proto != record.DHCP6 || e.Packet.Way != record.Request || e.Packet.Dst.Port() != dhcp6.BootPort {
			continue
		}
		if m, _, err := dhcp6.Parse(e.Packet.Bytes); err == nil && m.Options.ServerID() != nil {
			return m.Options.ServerID()
		}
	}
	for _, e := range r.Entries {
		if e.Packet == nil || e.Packet.Proto != record.DHCP6 || e.Packet.Way != record.Reply {
			continue
		}
		if m, err := dhcpv6.MessageFromBytes(e.Packet.Bytes); err == nil && m.Options.ServerID() != nil {
			return m.Options.ServerID()
		}
	}
	return otherwise
}

// line writes one line.
func (p *player) line(format string, a ...any) {
	_, _ = io.WriteString(p.out, printable.Text(fmt.Sprintf(format, a...))+"\n")
}

// tap hears why a request is not answered.
func (p *player) tap(e timeline.Event) {
	if e.Kind == timeline.Ignored || e.Kind == timeline.NoAnswer {
		p.silent = e.Reason
	}
}

// run plays the record to its end.
func (p *player) run(ctx context.Context) error {
	h := p.record.Head
	p.line("Record   %s of %s: %d packets and events", h.MAC, h.Began.UTC().Format(time.DateTime), len(p.record.Entries))
	for n, e := range p.record.Entries {
		p.events.Elapse(h.At(e), &p.now)
		switch {
		case e.Packet != nil && e.Packet.Way == record.Request:
			p.request(ctx, n)
		case e.Packet != nil && e.Packet.Way == record.Heard:
			p.heard(e.Packet)
		case e.Event != nil:
			p.event(*e.Event)
		}
	}
	return p.judge()
}

// answered is what the machine was told when it sent the request that is entry n; nil
// where that is nothing. What answers it has its transaction.
func (p *player) answered(n int) *record.Packet {
	asked := p.record.Entries[n].Packet
	for _, e := range p.record.Entries[n+1:] {
		if e.Packet == nil || e.Packet.Way == record.Heard || !sameTransaction(asked, e.Packet) {
			continue
		}
		if e.Packet.Way == record.Reply {
			return e.Packet
		}
		return nil // it went on first
	}
	return nil
}

// endsAt tells whether entry n is the last packet of a boot that failed: the verdict
// came before the answer.
func (p *player) endsAt(n int) bool {
	return p.record.Verdict() != nil && !slices.ContainsFunc(p.record.Entries[n+1:], func(e record.Entry) bool { return e.Packet != nil })
}

// sameTransaction compares the numbers that clients give their requests.
func sameTransaction(a, b *record.Packet) bool {
	at := map[record.Proto][2]int{record.DHCP: {4, 8}, record.DHCP6: {1, 4}}[a.Proto]
	return a.Proto == b.Proto && len(a.Bytes) >= at[1] && len(b.Bytes) >= at[1] && string(a.Bytes[at[0]:at[1]]) == string(b.Bytes[at[0]:at[1]])
}

// request has one request answered, and compares that with what it was told.
func (p *player) request(ctx context.Context, n int) {
	e, was := p.record.Entries[n], p.answered(n)
	p.sent, p.silent = nil, ""
	says := p.play(ctx, e.Packet)
	if says == "" {
		return
	}
	at := fmt.Sprintf("%10.3f s  %s", e.After, says)
	p.asked++
	if p.sent != nil {
		p.answers++
	}
	switch {
	case p.sent == nil && was == nil && p.silent == "":
		p.line("%s: not Spur's to answer", at)
	case p.sent == nil:
		p.unanswered++
		p.line("%s: no answer%s", at, because(p.silent))
	case was == nil && p.endsAt(n):
		p.line("%s: answered today, by %s; the record ends with the request", at, answerText(e.Packet.Proto, p.sent))
	case was == nil:
		p.differ++
		p.line("%s: answered today, by %s", at, answerText(e.Packet.Proto, p.sent))
	default:
		p.compare(at, was, p.sent)
	}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ", because " + why
}

// play has Spur answer one request, and says what it is; "" for one that can't be
// read, or is no boot client's.
func (p *player) play(ctx context.Context, packet *record.Packet) string {
	server := packet.Server
	switch {
	case server.IsValid():
	case packet.Proto == record.DHCP6:
		server = netip.MustParseAddr("2001:db8::1")
	default:
		server = p.server
	}
	if packet.Proto == record.DHCP6 {
		return p.play6(ctx, packet, server)
	}
	m, err := dhcp.ParseRequest(packet.Bytes)
	if err != nil {
		return ""
	}
	in := dhcp.Packet{
		Message: m, Raw: packet.Bytes, Interface: dhcp.Interface{Name: p.record.Head.Interface, Addrs: p.record.Head.Addresses},
		Port: packet.Dst.Port(), From: packet.Src, To: packet.Dst.Addr(), Server: server, Settled: true, Time: p.now,
	}
	if !pxe.Read(m).IsBoot() {
		return ""
	}
	p.wantAsGiven(m)
	p.offers4.Answer(ctx, in)
	return m.MessageType().String() + packet.ToBootServer()
}

func (p *player) play6(ctx context.Context, packet *record.Packet, server netip.Addr) string {
	m, relays, err := dhcp6.Parse(packet.Bytes)
	if err != nil {
		return ""
	}
	in := dhcp6.Packet{
		Message: m, Raw: packet.Bytes, Relays: relays, Interface: dhcp6.Interface{Name: p.record.Head.Interface, Addrs: p.record.Head.Addresses},
		Port: packet.Dst.Port(), From: packet.Src, To: packet.Dst.Addr(), Server: server, Time: p.now,
	}
	if packet.Card != nil {
		in.Card = net.HardwareAddr(packet.Card[:])
	}
	if !dhcp6.Read(in).IsBoot() {
		return ""
	}
	p.offers6.Answer(ctx, in)
	return m.MessageType.String() + packet.ToBootServer()
}

// heard is what another server sent to the machine.
func (p *player) heard(packet *record.Packet) {
	m, err := dhcp.Parse(packet.Bytes)
	if err != nil || packet.Proto != record.DHCP {
		return
	}
	if e, ok := identify.OtherOffer(dhcp.Overheard{Message: m, From: packet.Src, Time: p.now}); ok {
		p.events.Observe(e)
	}
}

// compare says whether the machine is told the same today.
func (p *player) compare(at string, was *record.Packet, now []byte) {
	lines := differences(was.Proto, was.Bytes, now)
	if len(lines) == 0 {
		p.line("%s: answered as it was, by %s", at, answerText(was.Proto, now))
		return
	}
	p.differ++
	p.line("%s: answered otherwise today, by %s", at, answerText(was.Proto, now))
	for _, line := range lines {
		p.line("%s%s", strings.Repeat(" ", 15), line)
	}
}
