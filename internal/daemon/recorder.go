package daemon

import (
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/timeline"
)

// WithoutRecord is the value of --record that keeps no failed boot.
const WithoutRecord = "none"

// recordDir is where failed boots are kept; "" for nowhere.
func (c Config) recordDir() string {
	switch {
	case c.DryRun || c.Record == WithoutRecord:
		return ""
	case c.Record != "":
		return c.Record
	case c.Data != "":
		return failedDir(c.Data)
	}
	return ""
}

// failedDir is where failed boots are kept without --record.
func failedDir(data string) string { return filepath.Join(data, "failed") }

// recorder keeps what passed between a machine and its servers where a boot of it
// fails. What it is told it remembers and returns; files are written by whoever
// tells it of verdicts. A nil recorder keeps nothing.
type recorder struct {
	recent  record.Recent
	folder  *record.Folder
	events  *timeline.Timeline
	now     func() time.Time
	head    record.Head // what all records of this Spur have in common
	trouble func(error)

	mu       sync.Mutex
	troubled bool
	written  map[boot.MAC]string // the file of the machine's current boot
}

// openRecorder opens the folder; nil where nothing is to be kept.
func (d *daemon) openRecorder() (*recorder, error) {
	if d.config.recordDir() == "" {
		return nil, nil
	}
	if d.config.Record != "" {
		dir, err := ownPath(d.config.Record, d.account.UID)
		if err != nil {
			return nil, err
		}
		d.config.Record = dir
	}
	folder, err := record.OpenFolder(d.config.recordDir())
	if err != nil {
		return nil, advice.Or(err, "name another folder with --record, or --record none")
	}
	return &recorder{
		folder: folder, now: time.Now, trouble: d.notices.recordTrouble, written: map[boot.MAC]string{},
		head: record.Head{Spur: d.config.Version, DHCP: string(d.config.DHCP)},
	}, nil
}

// request remembers a machine's request over IPv4.
func (r *recorder) request(c boot.Client, p dhcp.Packet, beside bool) {
	if r == nil {
		return
	}
	r.begin(c, p.Interface.Name, p.Interface.Addrs, beside)
	r.add(c.MAC, p.Time, record.Packet{Way: record.Request, Proto: record.DHCP, Src: p.From, Dst: netip.AddrPortFrom(p.To, p.Port), Server: p.Server, Bytes: p.Raw})
}

// reply remembers what Spur answered; d is the zero value for an address alone.
func (r *recorder) reply(c boot.Client, p dhcp.Packet, m *dhcpv4.DHCPv4, d decide.Decision) {
	if r == nil {
		return
	}
	r.add(c.MAC, r.now(), record.Packet{
		Way: record.Reply, Proto: record.DHCP, Src: netip.AddrPortFrom(p.Server, p.Port), Server: p.Server,
		Route: d.Route.Name, Shape: d.Shape.Name, File: d.Route.Give, Bytes: dhcp.Marshal(m), Known: r.known(c.MAC),
	})
}

// heard remembers what another server sent to a machine that boots.
func (r *recorder) heard(o dhcp.Overheard) {
	if r == nil || len(o.Message.ClientHWAddr) != len(boot.MAC{}) {
		return
	}
	r.add(boot.MAC(o.Message.ClientHWAddr), o.Time, record.Packet{Way: record.Heard, Proto: record.DHCP, Src: o.From, Bytes: o.Raw})
}

// request6 and reply6 are those over IPv6.
func (r *recorder) request6(c boot.Client, p dhcp6.Packet) {
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

func (r *recorder) reply6(c boot.Client, p dhcp6.Packet, m *dhcpv6.Message, d decide.Decision) {
	if r == nil {
		return
	}
	r.add(c.MAC, r.now(), record.Packet{
		Way: record.Reply, Proto: record.DHCP6, Src: netip.AddrPortFrom(p.Server, p.Port), Dst: dhcp6.Destination(p), Server: p.Server,
		Route: d.Route.Name, Shape: d.Shape.Name, File: d.Route.Give, Bytes: m.ToBytes(), Known: r.known(c.MAC),
	})
}

// known is what answers to a machine are decided by.
func (r *recorder) known(mac boot.MAC) *record.Known {
	k := &record.Known{Failed: r.events.Failed(mac)}
	k.Shape, k.Refused = r.events.Shapes(mac)
	return k
}

// begin opens the memory of a machine.
func (r *recorder) begin(c boot.Client, iface string, addrs []netip.Prefix, beside bool) {
	if r.recent.Knows(c.MAC) {
		return
	}
	h := r.head
	h.MAC, h.Interface, h.Addresses, h.Beside = c.MAC, iface, addrs, beside
	r.recent.Begin(h)
}

func (r *recorder) add(mac boot.MAC, at time.Time, p record.Packet) {
	r.recent.Add(mac, at, record.Entry{Packet: &p})
}

// event remembers what no packet of DHCP shows.
func (r *recorder) event(e timeline.Event) {
	if kept, ok := eventOf(e); ok {
		r.recent.Add(e.MAC, e.Time, record.Entry{Event: &kept})
	}
}

// observe keeps a boot on which a verdict was given. One that goes on to its system
// after all has not failed.
func (r *recorder) observe(u timeline.Update) {
	a := u.Attempt
	switch {
	case u.Verdict != nil && !u.Verdict.Info:
		r.note(r.write(u))
	case u.Learned != nil: // the machine has its kernel
		if name, ok := r.forget(a.MAC, record.Name(a.MAC, a.Began)); ok {
			r.note(r.folder.Remove(name))
		}
	}
}

// recordSlack is how much earlier the packet may have come in that began a boot.
const recordSlack = 100 * time.Millisecond

func (r *recorder) write(u timeline.Update) error {
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
	if err := r.folder.Write(name, kept); err != nil {
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

func (r *recorder) remember(mac boot.MAC, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.written) >= writtenMost {
		clear(r.written) // what is forgotten stays as a file
	}
	r.written[mac] = name
}

// forget tells whether a boot has this file, and forgets it.
func (r *recorder) forget(mac boot.MAC, name string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ok := r.written[mac] == name
	delete(r.written, mac)
	return name, ok
}

// note says once that boots can't be kept, until one is again.
func (r *recorder) note(err error) {
	r.mu.Lock()
	news := err != nil && !r.troubled
	r.troubled = err != nil
	r.mu.Unlock()
	if news {
		r.trouble(err)
	}
}

// eventOf is an event as a record has it; false for what its packets show.
func eventOf(e timeline.Event) (record.Event, bool) {
	switch e.Kind {
	case timeline.Offered, timeline.OtherOffered, timeline.Chose, timeline.Leased, timeline.Listed, timeline.BootAsked, timeline.ChoseOther, timeline.Answered:
		return record.Event{}, false
	case timeline.Asked:
		if e.Proto == "dhcp" {
			return record.Event{}, false
		}
	}
	return record.Event{
		Kind: string(e.Kind), Proto: e.Proto, Role: string(e.Role), Loader: string(e.Loader), File: e.Name, Route: e.Route,
		Peer: e.Peer, Server: e.Server, Bytes: e.Bytes, Total: e.Total, Reason: e.Reason, Hint: e.Hint, Err: e.Err,
		Refusal: string(e.Refusal), Handshake: string(e.Handshake), Spare: e.Spare, More: e.More,
	}, true
}

// eventFrom is the event that a record has.
func eventFrom(e record.Event) timeline.Event {
	return timeline.Event{
		Kind: timeline.Kind(e.Kind), Proto: e.Proto, Role: timeline.Role(e.Role), Loader: boot.Loader(e.Loader), Name: e.File, Route: e.Route,
		Peer: e.Peer, Server: e.Server, Bytes: e.Bytes, Total: e.Total, Reason: e.Reason, Hint: e.Hint, Err: e.Err,
		Refusal: timeline.Refusal(e.Refusal), Handshake: timeline.HandshakeFailure(e.Handshake), Spare: e.Spare, More: e.More,
	}
}
