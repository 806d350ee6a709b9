package pools

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// Asked is what the operator asks for of the addresses that Spur gives.
type Asked struct {
	Pools   []Pool
	Routers []netip.Addr
	DNS     []netip.Addr
}

// On makes the DHCP server's pools of what the operator asked for.
func (a Asked) On(interfaces []dhcp.Interface) ([]dhcp.Pool, error) {
	var pools []dhcp.Pool
	var networks []netip.Prefix
	for _, asked := range Of(a.Pools, false) {
		p, err := a.pool(asked, interfaces)
		if err != nil {
			return nil, err
		}
		pools, networks = append(pools, p), append(networks, p.Prefix)
	}
	return pools, a.routersServed(networks)
}

// pool is one of the DHCP server's pools. Where no network was named, or a part
// of an interface's, the network is that of the interface.
func (a Asked) pool(asked Pool, interfaces []dhcp.Interface) (dhcp.Pool, error) {
	p, whole := asked.span, asked.whole
	p.DNS = Addrs(a.DNS, false)
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			p.Exclude = append(p.Exclude, prefix.Addr())
			if (!p.Prefix.IsValid() || whole) && prefix.Contains(p.First) && prefix.Contains(p.Last) {
				p.Prefix, whole = prefix.Masked(), false
			}
		}
	}
	if !p.Prefix.IsValid() {
		return dhcp.Pool{}, advice.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", asked),
			"Spur serves "+Describe(interfaces)+"; choose the pool from one of these, or add /24 for a network behind a relay")
	}
	for _, router := range a.Routers {
		if p.Prefix.Contains(router) {
			p.Router = append(p.Router, router)
		}
	}
	return p, advice.Wrap(p.Check(), "correct --pool")
}

// On6 makes the DHCPv6 server's pools of what the operator asked for. A network
// that wasn't named is the interface's.
func (a Asked) On6(interfaces []dhcp6.Interface) ([]dhcp6.Pool, error) {
	var pools []dhcp6.Pool
	for _, asked := range Of(a.Pools, true) {
		p := asked.span6
		p.DNS = Addrs(a.DNS, true)
		if on := NetworkOf(interfaces, p.First); on.IsValid() && on.Contains(p.Last) && (!p.Prefix.IsValid() || asked.whole) {
			p.Prefix = on
		}
		switch {
		case !p.Prefix.IsValid():
			return nil, advice.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", asked),
				"Spur serves "+Describe6(interfaces)+"; give an interface an address of that network, or add /64 for a network behind a relay")
		case !addressed6(interfaces): // a relay couldn't reach Spur either
			return nil, advice.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", asked),
				"no interface has an IPv6 address but link-local ones; give one an address in "+p.Prefix.String())
		}
		if err := p.Check(); err != nil {
			return nil, advice.Wrap(err, "correct --pool")
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// addressed6 tells whether an interface has an address, other than its link-local one.
func addressed6(interfaces []dhcp6.Interface) bool {
	return slices.ContainsFunc(interfaces, func(i dhcp6.Interface) bool { return len(i.Addrs) > 0 })
}

// routersServed refuses a router that clients of no pool could reach: it would
// be told to nobody.
func (a Asked) routersServed(networks []netip.Prefix) error {
	for _, router := range a.Routers {
		if !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(router) }) {
			return advice.New(fmt.Sprintf("--router %s is on the network of no --pool", router), "name a router that machines with an address of the pool can reach directly")
		}
	}
	return nil
}

// Of are those of one version of IP. Where there are none, another server
// gives the addresses of that.
func Of(all []Pool, ipv6 bool) []Pool {
	var some []Pool
	for _, p := range all {
		if p.ipv6 == ipv6 {
			some = append(some, p)
		}
	}
	return some
}

// Addrs are those of one version of IP.
func Addrs(all []netip.Addr, ipv6 bool) []netip.Addr {
	var some []netip.Addr
	for _, a := range all {
		if a.Is6() == ipv6 {
			some = append(some, a)
		}
	}
	return some
}
