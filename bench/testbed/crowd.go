package testbed

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// MaxCrowd is how many machines a crowd can have.
const MaxCrowd = 1 << 15

// Machine returns the address of a machine of a crowd. No kernel has it: a
// program that plays the machine reads and writes frames, and the kernel of the
// clients' namespace, whose hardware address is another, throws away what comes
// for it as the first thing it does.
func Machine(index int) (netip.Addr, net.HardwareAddr) {
	hi, lo := byte(index>>8), byte(index)
	return netip.AddrFrom4([4]byte{198, 18, 128 + hi, lo}), net.HardwareAddr{0x02, 0x53, 0x50, 0x55, hi, lo}
}

// MachineIndex tells which machine has an address; the number is meaningless
// for an address that is none of a crowd's.
func MachineIndex(address [4]byte) int { return (int(address[2])-128)<<8 | int(address[3]) }

// AddCrowd lets the servers know the hardware addresses of so many machines, so
// that nobody needs to answer ARP.
func (bed *Testbed) AddCrowd(count int) error {
	if count > MaxCrowd {
		return fmt.Errorf("a crowd of %d: at most %d machines have an address", count, MaxCrowd)
	}
	var b strings.Builder
	for i := range count {
		address, hardware := Machine(i)
		fmt.Fprintf(&b, "neighbour replace %s lladdr %s dev %s nud permanent\n", address, hardware, Device)
	}
	return ip("-n "+bed.servers+" -batch -", b.String())
}
