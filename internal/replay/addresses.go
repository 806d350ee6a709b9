package replay

import (
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/record"
)

// largestPool is how many bits the network of the largest pool has; of larger networks
// the part is taken in which the machine was.
const largestPool = 16

// giveAddresses has Spur give addresses of the networks on which the machine was given
// some, behind a relay too, and of those on which Spur is. A capture doesn't tell of the
// latter.
func (p *player) giveAddresses() error {
	if len(p.record.Head.Addresses) == 0 {
		p.record.Head.Addresses = []netip.Prefix{netip.PrefixFrom(p.server, 24)}
	}
	on := p.record.Head.Addresses
	var pools []dhcp.Pool
	own := servers(p.record)
	for _, prefix := range on {
		own = append(own, prefix.Addr())
	}
	for _, prefix := range append(lentIn(p.record), on...) {
		network := prefix.Masked()
		known := slices.ContainsFunc(pools, func(other dhcp.Pool) bool { return other.Prefix.Overlaps(network) })
		if prefix.Addr().Is4() && network.Bits() <= 30 && !known {
			pool := dhcp.WholeNetwork(netip.PrefixFrom(prefix.Addr(), max(network.Bits(), largestPool)).Masked())
			pool.Prefix, pool.Exclude = network, own
			pools = append(pools, pool)
		}
	}
	if len(pools) > 0 {
		s, err := dhcp.NewServer(dhcp.ServerConfig{Pools: pools, Store: &leases.MemoryStore{}, Authoritative: true})
		p.offers4.Addresses = s
		return err
	}
	at := slices.IndexFunc(on, func(a netip.Prefix) bool { return !a.Addr().IsLinkLocalUnicast() })
	if at < 0 {
		return nil
	}
	s, err := dhcp6.NewServer(dhcp6.ServerConfig{
		ID: p.offers6.ID, Pools: []dhcp6.Pool{dhcp6.WholeNetwork(on[at].Masked())}, Store: &leases.MemoryStore{}, Authoritative: true,
	})
	p.offers6.Addresses = s
	return err
}

// lentIn are the IPv4 addresses that Spur gave in a record, each with its network.
func lentIn(r record.Record) (lent []netip.Prefix) {
	for _, e := range r.Entries {
		if e.Packet == nil || e.Packet.Way != record.Reply || e.Packet.Proto != record.DHCP {
			continue
		}
		m, err := dhcpv4.FromBytes(e.Packet.Bytes)
		if err != nil {
			continue
		}
		addr, ok := netip.AddrFromSlice(m.YourIPAddr.To4())
		bits, size := m.SubnetMask().Size()
		if ok && !addr.IsUnspecified() && size == 32 {
			lent = append(lent, netip.PrefixFrom(addr, bits))
		}
	}
	return lent
}
