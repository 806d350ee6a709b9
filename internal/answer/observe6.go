package answer

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/timeline"
)

// observeRequest tells the timeline what a request shows of a machine, whether
// it is for us or for the DHCPv6 server beside us. What other servers answer is
// sent to the machine alone, and not heard.
func (o *Offers6) observeRequest(r dhcp6.Request, c boot.Client, p dhcp6.Packet) {
	e, ok := identify.Event6(r, c, p)
	switch {
	case !ok || r.IsBoot() && c.Loader == boot.IPXE && !c.Server.IsValid():
		return
	case e.Kind == timeline.Chose && o.Addresses != nil:
		return
	case e.Kind == timeline.Chose:
		o.Clients.Saw(e.Peer, c)
	}
	o.Events.Observe(e)
}
