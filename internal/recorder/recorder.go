package recorder

import (
	"net/netip"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/timeline"
)

// Recorder keeps what passed between a machine and its servers where a boot of it
// fails. What it is told it remembers and returns; files are written by whoever
// tells it of verdicts. A nil Recorder keeps nothing.
type Recorder struct {
	Folder  *record.Folder
	Events  *timeline.Timeline // knows by what answers are decided
	Now     func() time.Time
	Head    record.Head // what all records of this Spur have in common
	Trouble func(error)

	recent record.Recent

	mu       sync.Mutex
	troubled bool
	written  map[boot.MAC]string // the file of the machine's current boot
}

// Request remembers a machine's request over IPv4.
func (r *Recorder) Request(c boot.Client, p dhcp.Packet, beside bool) {
	if r == nil {
		return
	}
	r.begin(c, p.Interface.Name, p.Interface.Addrs, beside)
	r.add(c.MAC, p.Time, record.Packet{Way: record.Request, Proto: record.DHCP, Src: p.From, Dst: netip.AddrPortFrom(p.To, p.Port), Server: p.Server, Bytes: p.Raw})
}

// Reply remembers what Spur answered; d is the zero value for an address alone.
func (r *Recorder) Reply(c boot.Client, p dhcp.Packet, m *dhcpv4.DHCPv4, d decide.Decision) {
	if r == nil {
		return
	}
	r.add(c.MAC, r.Now(), record.Packet{
		Way: record.Reply, Proto: record.DHCP, Src: netip.AddrPortFrom(p.Server, p.Port), Server: p.Server,
		Route: d.Route.Name, Shape: d.Shape.Name, File: d.Route.Give, Bytes: dhcp.Marshal(m), Known: r.known(c.MAC),
	})
}

// Heard remembers what another server sent to a machine that boots.
func (r *Recorder) Heard(o dhcp.Overheard) {
	if r == nil || len(o.Message.ClientHWAddr) != len(boot.MAC{}) {
		return
	}
	r.add(boot.MAC(o.Message.ClientHWAddr), o.Time, record.Packet{Way: record.Heard, Proto: record.DHCP, Src: o.From, Bytes: o.Raw})
}

// Request6 remembers one over IPv6.
func (r *Recorder) Request6(c boot.Client, p dhcp6.Packet) {
	if r == nil {
		return
	}
	r.begin(c, p.Interface.Name, p.Interface.Addrs, false)
	packet := record.Packet{Way: record.Request, Proto: record.DHCP6, Src: p.From, Dst: netip.AddrPortFrom(p.To, p.Port), Server: p.Server, Bytes: p.Raw}
	if len(p.Card) == len(boot.MAC{}) {
		card := boot.MAC(p.Card)
		packet.Card = &card
	}
	r.add(c.MAC, p.Time, packet)
}

// Reply6 remembers what Spur answered over IPv6.
func (r *Recorder) Reply6(c boot.Client, p dhcp6.Packet, m *dhcpv6.Message, d decide.Decision) {
	if r == nil {
		return
	}
	r.add(c.MAC, r.Now(), record.Packet{
		Way: record.Reply, Proto: record.DHCP6, Src: netip.AddrPortFrom(p.Server, p.Port), Dst: dhcp6.Destination(p), Server: p.Server,
		Route: d.Route.Name, Shape: d.Shape.Name, File: d.Route.Give, Bytes: m.ToBytes(), Known: r.known(c.MAC),
	})
}

// known is what answers to a machine are decided by.
func (r *Recorder) known(mac boot.MAC) *record.Known {
	k := &record.Known{Failed: r.Events.Failed(mac)}
	k.Shape, k.Refused = r.Events.Shapes(mac)
	return k
}

// begin opens the memory of a machine.
func (r *Recorder) begin(c boot.Client, iface string, addrs []netip.Prefix, beside bool) {
	if r.recent.Knows(c.MAC) {
		return
	}
	h := r.Head
	h.MAC, h.Interface, h.Addresses, h.Beside = c.MAC, iface, addrs, beside
	r.recent.Begin(h)
}

func (r *Recorder) add(mac boot.MAC, at time.Time, p record.Packet) {
	r.recent.Add(mac, at, record.Entry{Packet: &p})
}

// Event remembers what no packet of DHCP shows.
func (r *Recorder) Event(e timeline.Event) {
	if kept, ok := eventOf(e); ok {
		r.recent.Add(e.MAC, e.Time, record.Entry{Event: &kept})
	}
}

// Observe keeps a boot on which a verdict was given. One that goes on to its system
// after all has not failed.
func (r *Recorder) Observe(u timeline.Update) {
	a := u.Attempt
	switch {
	case u.Verdict != nil && !u.Verdict.Info:
		r.note(r.write(u))
	case u.Learned != nil: // the machine has its kernel
		if name, ok := r.forget(a.MAC, record.Name(a.MAC, a.Began)); ok {
			r.note(r.Folder.Remove(name))
		}
	}
}

// recordSlack is how much earlier the packet may have come in that began a boot.
const recordSlack = 100 * time.Millisecond

func (r *Recorder) write(u timeline.Update) error {
	a := u.Attempt
	kept, ok := r.recent.Between(a.MAC, a.Began.Add(-recordSlack), u.Time)
	if !ok {
		return nil
	}
	for i := range kept.Entries {
		if p := kept.Entries[i].Packet; p != nil {
			kept.Entries[i].Packet = said(*p)
		}
	}
	kept.Judge(u.Time, record.Verdict{Cause: string(u.Verdict.Cause), Sentence: u.Verdict.Sentence, Likely: u.Verdict.Likely, Hint: u.Verdict.Hint})
	name := record.Name(a.MAC, a.Began)
	if err := r.Folder.Write(name, kept); err != nil {
		return err
	}
	r.remember(a.MAC, name)
	return nil
}

// said is a packet with what it is in words.
func said(p record.Packet) *record.Packet {
	read := dissect.DHCP
	if p.Proto == record.DHCP6 {
		read = dissect.DHCPv6
	}
	p.Says = read(p.Bytes).Brief()
	return &p
}

// writtenMost bounds the boots of which it is known that they have a file.
const writtenMost = 1024

func (r *Recorder) remember(mac boot.MAC, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.written) >= writtenMost {
		clear(r.written) // what is forgotten stays as a file
	}
	if r.written == nil {
		r.written = map[boot.MAC]string{}
	}
	r.written[mac] = name
}

// forget tells whether a boot has this file, and forgets it.
func (r *Recorder) forget(mac boot.MAC, name string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ok := r.written[mac] == name
	delete(r.written, mac)
	return name, ok
}

// note says once that boots can't be kept, until one is again.
func (r *Recorder) note(err error) {
	r.mu.Lock()
	news := err != nil && !r.troubled
	r.troubled = err != nil
	r.mu.Unlock()
	if news {
		r.Trouble(err)
	}
}
