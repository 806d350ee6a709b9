package capture

import (
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

func isDHCP(src, dst netip.AddrPort) bool {
	switch dst.Port() {
	case serverPort, clientPort, bootPort, serverPort6, clientPort6:
		return true
	}
	return src.Port() == bootPort || src.Port() == serverPort || src.Port() == serverPort6
}

// The layout of RFC 2131 section 2.
const (
	chaddrAt  = 28
	optionsAt = 240
	reply     = 2
)

// dhcp takes in a message of DHCPv4, whoever sent it.
func (a *assembly) dhcp(at time.Time, p packet, src, dst netip.AddrPort, b []byte) {
	if len(b) < optionsAt || b[1] != 1 || b[2] != 6 {
		return
	}
	m := a.machine(boot.MAC(b[chaddrAt : chaddrAt+6]))
	if m == nil {
		return
	}
	ciaddr, yiaddr, giaddr := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:])), netip.AddrFrom4([4]byte(b[24:]))
	a.has(m, ciaddr)
	a.has(m, yiaddr)
	if !giaddr.IsUnspecified() {
		a.relayed[yiaddr] = len(a.relayed) < maxAddresses
	}
	m.saw(p)
	a.add(m, &Item{Time: at, Proto: DHCP, Src: src, Dst: dst, From: clone(p.from), Message: clone(b[:min(len(b), maxMessage)])})
}
