package pools

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// Pool is what the operator asks for as addresses to give.
type Pool struct {
	span  dhcp.Pool  // without a network where that is an interface's
	span6 dhcp6.Pool // likewise, where the addresses are of IPv6
	ipv6  bool
	whole bool   // all addresses of a network, or of a part of an interface's
	text  string // as it was written
}

// String is the pool as it was written.
func (p Pool) String() string { return p.text }

// Parse reads A-B, A-B/24 for a network behind a relay, or a network such
// as 10.0.0.0/24 for all of its addresses; likewise for IPv6.
func Parse(text string) (Pool, error) {
	if strings.Contains(text, ":") {
		return parsePool6(text)
	}
	span, err := parseSpan(text)
	return Pool{span: span, whole: !strings.Contains(text, "-"), text: text}, err
}

func parseSpan(text string) (dhcp.Pool, error) {
	span, bits, slash := strings.Cut(text, "/")
	if slash && !strings.Contains(span, "-") {
		return wholeNetwork(text)
	}
	first, last, err := dhcp.ParseRange(span)
	if err != nil {
		return dhcp.Pool{}, advice.Wrap(fmt.Errorf("--pool: %w", err), "the lower address comes first; a network such as 192.168.77.0/24 stands for all its addresses")
	}
	p := dhcp.Pool{First: first, Last: last}
	if slash {
		if p.Prefix, err = netip.ParsePrefix(first.String() + "/" + bits); err != nil {
			return dhcp.Pool{}, advice.Wrap(fmt.Errorf("--pool %s: %q is no number of bits from 0 to 32", text, bits), "write a pool behind a relay like 10.1.0.100-10.1.0.200/24")
		}
		p.Prefix = p.Prefix.Masked()
	}
	return p, nil
}

// wholeNetwork reads a network that is given whole.
func wholeNetwork(text string) (dhcp.Pool, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !prefix.Addr().Is4():
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s is no IPv4 network", text), "a network looks like 192.168.77.0/24, a range like 192.168.77.100-192.168.77.200")
	case prefix != prefix.Masked():
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s is an address in the network %s", text, prefix.Masked()), "name the network, for all its addresses, or a range")
	case prefix.Bits() > 30:
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s has no addresses to give", text), "name a larger network, or a range")
	}
	return dhcp.WholeNetwork(prefix), nil
}
