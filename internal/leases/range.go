package leases

import (
	"fmt"
	"net/netip"
	"strings"
)

// ParseRange reads a range of addresses as people write it, A-B, both included. may tells
// whether an address can be a client's; example is what the error shows.
func ParseRange(s string, may func(netip.Addr) bool, example string) (first, last netip.Addr, err error) {
	a, b, ok := strings.Cut(s, "-")
	if ok {
		first, err = netip.ParseAddr(strings.TrimSpace(a))
		if err == nil {
			last, err = netip.ParseAddr(strings.TrimSpace(b))
		}
	}
	if !ok || err != nil || !may(first) || !may(last) || last.Less(first) {
		return netip.Addr{}, netip.Addr{}, fmt.Errorf("%q is no range of addresses; it looks like %s", s, example)
	}
	return first, last, nil
}
