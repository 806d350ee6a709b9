package capture

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Bounds of what is kept.
const (
	maxMachines  = 256
	maxItems     = 2000 // of one machine
	maxKept      = 20_000
	maxMessage   = 9216 // bytes of one DHCP message: a jumbo frame
	maxAddresses = 4096
	maxNotes     = 64
	maxTransfers = 1024 // under way at a time
)

// Ports of DHCP, DHCPv6, PXE and TFTP.
const (
	serverPort  = 67
	clientPort  = 68
	tftpPort    = 69
	clientPort6 = 546
	serverPort6 = 547
	bootPort    = 4011
)

// assembly puts packets together.
type assembly struct {
	Capture
	machines  map[boot.MAC]*Machine
	addresses map[netip.Addr]*Machine
	duids     map[string]*Machine
	relayed   map[netip.Addr]bool // addresses of machines behind relays or routers
	routers   map[string]bool
	tftp      map[netip.AddrPort]*Transfer // by the machine's port
	conns     map[connection]*stream
	kept      int
	other     int // frames that are no IP
}

func newAssembly() *assembly {
	return &assembly{
		machines: map[boot.MAC]*Machine{}, addresses: map[netip.Addr]*Machine{}, duids: map[string]*Machine{}, relayed: map[netip.Addr]bool{},
		routers: map[string]bool{}, tftp: map[netip.AddrPort]*Transfer{}, conns: map[connection]*stream{},
	}
}

func (a *assembly) note(format string, args ...any) {
	if len(a.Notes) < maxNotes {
		a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
	}
}

// machine finds or makes a machine; nil where there are too many.
func (a *assembly) machine(mac boot.MAC) *Machine {
	if m, ok := a.machines[mac]; ok {
		return m
	}
	if mac == (boot.MAC{}) || mac[0]&1 != 0 {
		return nil
	}
	if len(a.Machines) == maxMachines {
		a.once("it has more than %d machines, of which the others are left out", maxMachines)
		return nil
	}
	m := &Machine{MAC: mac, said: map[string]bool{}}
	a.machines[mac] = m
	a.Machines = append(a.Machines, m)
	return m
}

// once notes something that would be noted again and again.
func (a *assembly) once(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range a.Notes {
		if n == text {
			return
		}
	}
	a.note("%s", text)
}

// at is the machine that has an address; nil for any other host.
func (a *assembly) at(addr netip.Addr) *Machine { return a.addresses[addr] }

// has notes that a machine has an address from now on.
func (a *assembly) has(m *Machine, addr netip.Addr) {
	if !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return
	}
	if _, known := a.addresses[addr]; known || len(a.addresses) < maxAddresses {
		a.addresses[addr] = m
	}
}

// add keeps an item.
func (a *assembly) add(m *Machine, i *Item) {
	if len(m.Items) >= maxItems || a.kept >= maxKept {
		m.Omitted++
		return
	}
	a.kept++
	m.Items = append(m.Items, i)
}

// udp takes in a datagram.
func (a *assembly) udp(at time.Time, p packet, src, dst netip.AddrPort, payload []byte) {
	switch {
	case isDHCP(src, dst) && src.Addr().Is4():
		a.dhcp(at, p, src, dst, payload)
	case isDHCP(src, dst):
		a.dhcp6(at, p, src, dst, payload)
	case dst.Port() == tftpPort:
		a.tftpRequest(at, p, src, dst, payload)
	default:
		a.tftpPacket(at, src, dst, payload, p.size)
	}
}

func clone[T ~[]byte](b T) T { return append(T(nil), b...) }
