package answer

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
)

// observeRequest tells the timeline what a request shows of a machine, whether
// it is for us or for the DHCP server beside us.
func (o *Offers4) observeRequest(r pxe.Request, c boot.Client, p dhcp.Packet) {
	e, ok := identify.Event(r, c, p)
	if !ok || e.Kind == timeline.Chose && o.Addresses != nil {
		return
	}
	switch e.Kind {
	case timeline.Asked:
		e.Audible = o.hearsOthers(p)
	case timeline.BootAsked:
		e.Reason = o.titleOf(r)
	case timeline.Chose:
		o.Clients.Saw(e.Peer, c)
		if p.Interface.OnLink(e.Peer) {
			e.Near = p.Interface.ServerFor(e.Peer)
		}
	}
	o.Events.Observe(e)
}

// hearsOthers tells whether an offer of another server to this client would be
// heard: it must be a broadcast on our own wire, and from another host.
func (o *Offers4) hearsOthers(p dhcp.Packet) bool {
	return !o.Beside && p.Message.IsBroadcast() && !p.Relay().IsValid()
}

// Overheard is told of what another server sent.
func (o *Offers) Overheard(heard dhcp.Overheard) {
	o.Recorder.Heard(heard)
	if e, ok := identify.OtherOffer(heard); ok {
		o.Events.Observe(e)
	}
}
