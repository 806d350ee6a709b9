package daemon

import (
	"net/netip"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// event is an event of a transfer; last: with this file the machine has all it
// needs; optional: it does without it where it isn't there.
type event struct {
	timeline.Event
	last, optional bool
}

// script notes what a file does to the boot, if it is a script.
func (e *event) script(file any) {
	e.last = e.last || tree.Last(file)
	e.Waits, e.Leaves = tree.IsMenu(file), tree.Leaves(file)
}

// refused notes that nothing of the file was sent, for a reason of ours.
func (e *event) refused(why timeline.Refusal) {
	e.Refusal = why
	e.Spare = e.Spare || e.optional && why == timeline.NoSuchFile
}

// event describes a transfer of the file at path; ok is false where nobody
// knows whose it is.
func (f *files) event(kind timeline.Kind, via route.Via, path string, peer, server netip.AddrPort) (event, bool) {
	entry, _ := f.tree.Describe(path, peer.Addr())
	mac, known := entry.Client.MAC, entry.Client.MAC != boot.MAC{}
	if !known {
		mac, known = f.machine(peer.Addr())
	}
	return event{timeline.Event{
		Kind: kind, MAC: mac, Proto: string(via), Role: timeline.Role(entry.Role), Name: entry.Name, Loader: entry.Loader, Spare: entry.Spare,
		More: entry.Role == route.Kernel && !entry.Last,
		Peer: peer.Addr(), Server: server.Addr(),
	}, entry.Last, entry.Optional}, known
}

// machine says whose address that is: of a client that was seen taking it, also
// behind a relay, or of a machine on our own wire.
func (f *files) machine(addr netip.Addr) (boot.MAC, bool) {
	if c, ok := f.clients.At(addr); ok {
		return c.MAC, true
	}
	return neighbour(addr)
}

// observe hands an event of a transfer to the timeline. What was fetched may
// mean more than that: the beacon says that the machine is up.
func (f *files) observe(e event) {
	if e.Role == timeline.Role(route.Beacon) {
		if e.Kind == timeline.FetchEnd {
			f.events.Observe(timeline.Event{Kind: timeline.Up, MAC: e.MAC, Peer: e.Peer, Server: e.Server})
			f.booted(e.MAC)
		}
		return
	}
	f.events.Observe(e.Event)
	// Where the size was never told there are no parts of a file, so that what
	// ended well is all of it.
	if e.last && e.Kind == timeline.FetchEnd && (e.Bytes == e.Total || e.Total == 0) {
		f.booted(e.MAC)
	}
}
