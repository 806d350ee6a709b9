package testbed

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// MaxClients is how many simulated clients there can be.
const MaxClients = 1 << 15

// Client returns the addresses of a simulated client. No kernel has them: a
// program that plays the client reads and writes frames, and the kernel of the
// clients' namespace, whose hardware address is another, throws away what comes
// for it as the first thing it does.
func Client(index int) (netip.Addr, net.HardwareAddr) {
	hi, lo := byte(index>>8), byte(index)
	return netip.AddrFrom4([4]byte{198, 18, 128 + hi, lo}), net.HardwareAddr{0x02, 0x53, 0x50, 0x55, hi, lo}
}

// ClientIndex tells which simulated client has an address; the number is
// meaningless for an address that is none of theirs.
func ClientIndex(address [4]byte) int { return (int(address[2])-128)<<8 | int(address[3]) }

// AddClients lets the servers know the hardware addresses of so many simulated
// clients, so that nobody needs to answer ARP.
func (bed *Testbed) AddClients(count int) error {
	if count > MaxClients {
		return fmt.Errorf("%d clients: at most %d have an address", count, MaxClients)
	}
	var b strings.Builder
	for i := range count {
		address, hardware := Client(i)
		fmt.Fprintf(&b, "neighbour replace %s lladdr %s dev %s nud permanent\n", address, hardware, Device)
	}
	return ip("-n "+bed.servers+" -batch -", b.String())
}
