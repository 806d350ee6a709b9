package answer

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bsdp"
	"github.com/spurboot/spur/internal/dhcp"
)

// A Mac's answer goes to the address and the privileged port that its request names, and
// may be several times as long. So it is sent to addresses alone that are the request's
// own as far as that can be told, and a few times.
const (
	macTime       = 10 * time.Second
	macAddress    = 8   // answers to one address in macTime
	macRelayed    = 200 // and to what one sender has brought from elsewhere
	macAddressees = 4096
)

// checkAddressee says why no answer may go to the address that a Mac says it has.
func checkAddressee(p dhcp.Packet, r bsdp.Request) error {
	switch {
	case isReserved(p.Interface, r.Address) || !r.Address.IsGlobalUnicast():
		return fmt.Errorf("it wants its answer at %s, which is no machine's address", r.Address)
	case p.Relay().IsValid():
		return nil
	case !p.Interface.OnLink(r.Address):
		return fmt.Errorf("it wants its answer at %s, which is on none of the networks of %s", r.Address, p.Interface.Name)
	case p.From.Addr() != r.Address:
		return fmt.Errorf("it wants its answer at %s, and asks from %s", r.Address, p.From.Addr())
	}
	return nil
}

// isReserved tells whether an address is the first or the last of a network, which are no
// machine's, or the interface's own.
func isReserved(i dhcp.Interface, addr netip.Addr) bool {
	return slices.ContainsFunc(i.Addrs, func(on netip.Prefix) bool {
		inside := on.Bits() < 31 && on.Contains(addr)
		return addr == on.Addr() || inside && (addr == on.Masked().Addr() || !on.Contains(addr.Next()))
	})
}

// addressees are those that Macs were answered at. The zero value is ready for use.
type addressees struct {
	mu        sync.Mutex
	began     time.Time
	addresses map[netip.Addr]int
	senders   map[boot.MAC]int
}

// take tells whether one more answer may go to an address. relayed: it is not on the wire
// of the sender.
func (a *addressees) take(addr netip.Addr, sender boot.MAC, relayed bool, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if age := now.Sub(a.began); age < 0 || age >= macTime {
		a.began, a.addresses, a.senders = now, map[netip.Addr]int{}, map[boot.MAC]int{}
	}
	if _, known := a.addresses[addr]; !known && len(a.addresses) == macAddressees {
		return !relayed // what is on the wire goes to who asked
	}
	if a.addresses[addr] == macAddress || relayed && a.senders[sender] == macRelayed {
		return false
	}
	a.addresses[addr]++
	if relayed {
		a.senders[sender]++
	}
	return true
}
