package dhcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/leases"
)

// Pool is a range of addresses of one subnet and what clients in it are told.
type Pool struct {
	// Prefix is the subnet, which also chooses the pool: by the relay's
	// address, or by the address of the interface that the request came in on.
	Prefix netip.Prefix
	// First and Last bound the range, both included.
	First, Last netip.Addr
	// Exclude are addresses in the range that are not given away: this host's.
	Exclude []netip.Addr
	// Router (option 3) is empty unless the operator names one: this host
	// routes nothing by itself.
	Router []netip.Addr
	DNS    []netip.Addr // option 6
	Domain string       // option 15
	// LeaseTime is how long a client may use an address; 0 means an hour.
	LeaseTime time.Duration
}

// The bounds of a pool.
const (
	defaultLease = time.Hour
	minLease     = time.Minute
	maxPool      = 1 << 16
)

// ParseRange reads a range as people write it: 192.168.77.100-192.168.77.200.
func ParseRange(s string) (first, last netip.Addr, err error) {
	return leases.ParseRange(s, netip.Addr.Is4, "192.168.77.100-192.168.77.200")
}

// WholeNetwork is the pool of a network's addresses, but for its first and last, which
// are no host's.
func WholeNetwork(network netip.Prefix) Pool {
	return Pool{First: network.Addr().Next(), Last: lastAddress(network).Prev(), Prefix: network}
}

// lastAddress is the last address of a network.
func lastAddress(network netip.Prefix) netip.Addr {
	a := network.Addr().As4()
	n := binary.BigEndian.Uint32(a[:]) | (1<<(32-network.Bits()) - 1)
	binary.BigEndian.PutUint32(a[:], n)
	return netip.AddrFrom4(a)
}

// Check says what is wrong with a pool.
func (p Pool) Check() error {
	switch {
	case !p.Prefix.IsValid() || !p.Prefix.Addr().Is4():
		return fmt.Errorf("pool %s: no IPv4 subnet; name one like 192.168.77.0/24", p)
	case !p.Prefix.Contains(p.First) || !p.Prefix.Contains(p.Last):
		return fmt.Errorf("pool %s is not inside the subnet %s", p, p.Prefix.Masked())
	case p.Last.Less(p.First):
		return fmt.Errorf("pool %s ends before it begins", p)
	case p.Size() > maxPool:
		return fmt.Errorf("pool %s has %d addresses; at most %d are possible", p, p.Size(), maxPool)
	case p.LeaseTime != 0 && p.LeaseTime < minLease:
		return fmt.Errorf("pool %s: a lease of %s is too short; the least is %s", p, p.LeaseTime, minLease)
	}
	for _, a := range slices.Concat(p.Router, p.DNS) {
		if !a.Is4() {
			return fmt.Errorf("pool %s: %s is no IPv4 address", p, a)
		}
	}
	if len(p.Domain) > 255 {
		return errors.New("domain name longer than 255 bytes")
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

// Size is the number of addresses of the range.
func (p Pool) Size() int { return int(number(p.Last)-number(p.First)) + 1 }

// InRange tells whether an address is one of the range, given or not.
func (p Pool) InRange(a netip.Addr) bool {
	return a.Is4() && !a.Less(p.First) && !p.Last.Less(a)
}

// Gives tells whether an address of the range may be given to a client.
func (p Pool) Gives(a netip.Addr) bool {
	if !p.InRange(a) || slices.Contains(p.Exclude, a) || slices.Contains(p.Router, a) {
		return false
	}
	return p.Prefix.Bits() >= 31 || a != p.Prefix.Masked().Addr() && a != lastOf(p.Prefix)
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Start is the first address of the range.
func (p Pool) Start() netip.Addr { return p.First }

// Keeps tells whether a lease of an address may be kept.
func (p Pool) Keeps(a netip.Addr) bool { return p.Gives(a) }
