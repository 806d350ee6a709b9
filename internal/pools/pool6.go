package pools

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp6"
)

const pool6Advice = "a network looks like fd77::/64, a range like fd77::50-fd77::99; the lower address comes first"

// parsePool6 reads A-B, A-B/64 for a network behind a relay, or a network.
func parsePool6(text string) (Pool, error) {
	span, err := parseSpan6(text)
	return Pool{span6: span, ipv6: true, whole: !strings.Contains(text, "-"), text: text}, err
}

func parseSpan6(text string) (dhcp6.Pool, error) {
	span, bits, slash := strings.Cut(text, "/")
	if !strings.Contains(span, "-") {
		return wholeNetwork6(text)
	}
	first, last, err := dhcp6.ParseRange(span)
	if err != nil {
		return dhcp6.Pool{}, advice.Wrap(fmt.Errorf("--pool: %w", err), pool6Advice)
	}
	p := dhcp6.Pool{First: first, Last: last}
	if !slash {
		return p, nil
	}
	if p.Prefix, err = netip.ParsePrefix(first.String() + "/" + bits); err != nil {
		return p, advice.Wrap(fmt.Errorf("--pool %s: %q is no number of bits from 0 to 128", text, bits), "write a pool behind a relay like fd78::50-fd78::99/64")
	}
	p.Prefix = p.Prefix.Masked()
	return p, advice.Wrap(p.Check(), pool6Advice)
}

// wholeNetwork6 reads a network that is given whole.
func wholeNetwork6(text string) (dhcp6.Pool, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s is no IPv6 network", text), pool6Advice)
	case prefix != prefix.Masked():
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s is an address in the network %s", text, prefix.Masked()), "name the network, for its addresses, or a range")
	case prefix.Bits() > 126:
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s has no addresses to give", text), "name a larger network, or a range")
	}
	p := dhcp6.WholeNetwork(prefix)
	return p, advice.Wrap(p.Check(), pool6Advice)
}
