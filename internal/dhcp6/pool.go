package dhcp6

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/leases"
)

// Pool is a range of addresses of one network and what clients in it are told.
type Pool struct {
	// Prefix is the network, which also chooses the pool: by the address that a
	// relay names, or by those of the interface that the request came in on.
	Prefix netip.Prefix
	// First and Last bound the range, both included.
	First, Last netip.Addr
	// Exclude are addresses in the range that are not given away.
	Exclude []netip.Addr
	DNS     []netip.Addr // option 23
	// LeaseTime is how long a client may use an address; 0 means an hour.
	LeaseTime time.Duration
}

// The bounds of a pool.
const (
	defaultLease = time.Hour
	minLease     = time.Minute
	maxPool      = 1 << 16
)

// ParseRange reads a range as people write it: fd77::100-fd77::1ff.
func ParseRange(s string) (first, last netip.Addr, err error) {
	return leases.ParseRange(s, plain, "fd77::100-fd77::1ff")
}

// plain tells whether an address can be one of a client.
func plain(a netip.Addr) bool {
	return a.Is6() && !a.Is4In6() && a.Zone() == "" && !a.IsMulticast() && !a.IsLinkLocalUnicast() && !a.IsUnspecified()
}

// WholeNetwork is the pool of a network's addresses, but for its first one, which is
// every router's (RFC 4291 section 2.6.1).
func WholeNetwork(network netip.Prefix) Pool {
	return Pool{First: network.Addr().Next(), Last: lastGiven(network), Prefix: network}
}

// lastGiven is the last address of a network that is given, which is of more than
// 65,535 the 65,535th.
func lastGiven(network netip.Prefix) netip.Addr {
	a := network.Addr().As16()
	host := 128 - network.Bits()
	for i := 15; i >= 14 && host > 0; i, host = i-1, host-8 {
		a[i] |= byte(1<<min(host, 8) - 1)
	}
	return netip.AddrFrom16(a)
}

// Check says what is wrong with a pool.
func (p Pool) Check() error {
	switch {
	case !p.Prefix.IsValid() || !plain(p.Prefix.Addr()):
		return fmt.Errorf("pool %s: no IPv6 network; name one like fd77::/64", p)
	case !p.Prefix.Contains(p.First) || !p.Prefix.Contains(p.Last):
		return fmt.Errorf("pool %s is not inside the network %s", p, p.Prefix.Masked())
	case p.Last.Less(p.First):
		return fmt.Errorf("pool %s ends before it begins", p)
	case p.Size() > maxPool:
		return fmt.Errorf("pool %s is too large; at most %d addresses are possible", p, maxPool)
	case p.LeaseTime != 0 && p.LeaseTime < minLease:
		return fmt.Errorf("pool %s: a lease of %s is too short; the least is %s", p, p.LeaseTime, minLease)
	}
	for _, a := range p.DNS {
		if !a.Is6() || a.Is4In6() {
			return fmt.Errorf("pool %s: the name server %s is no IPv6 address", p, a)
		}
	}
	return nil
}

// String is the range.
func (p Pool) String() string { return p.First.String() + "-" + p.Last.String() }

// Lease is how long a client may use an address.
func (p Pool) Lease() time.Duration {
	if p.LeaseTime == 0 {
		return defaultLease
	}
	return p.LeaseTime
}

// Size is the number of addresses, or one more than a pool may have.
func (p Pool) Size() int {
	first, last := p.First.As16(), p.Last.As16()
	n := binary.BigEndian.Uint64(last[8:]) - binary.BigEndian.Uint64(first[8:])
	if [8]byte(first[:]) != [8]byte(last[:]) || n >= maxPool {
		return maxPool + 1
	}
	return int(n) + 1
}

// Gives tells whether an address of the range may be given to a client. The
// first of a network is every router's (RFC 4291 section 2.6.1).
func (p Pool) Gives(a netip.Addr) bool {
	return p.InRange(a) && !slices.Contains(p.Exclude, a) && (p.Prefix.Bits() > 126 || a != p.Prefix.Masked().Addr())
}

// InRange tells whether an address is one of the range, given or not.
func (p Pool) InRange(a netip.Addr) bool {
	return a.Is6() && !a.Less(p.First) && !p.Last.Less(a)
}

// Start is the first address of the range.
func (p Pool) Start() netip.Addr { return p.First }

// Keeps tells whether a lease of an address may be kept: a reserved one may lie
// outside of the range.
func (p Pool) Keeps(a netip.Addr) bool { return p.Prefix.Contains(a) }
