package dhcp

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// membership keeps an interface in a multicast group (RFC 3376): the kernel tells
// switches and routers so, and the network card to take the group's frames. It
// receives nothing: packet sockets do.
type membership struct{ file *os.File }

func joinGroup(i Interface, group netip.Addr) (*membership, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket to join %s: %w", group, err)
	}
	m := &membership{os.NewFile(uintptr(fd), "membership of "+group.String())}
	request := &unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(i.Index)}
	if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, request); err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("join the multicast group %s on interface %s: %w", group, i.Name, err)
	}
	return m, nil
}

func (m *membership) Close() error {
	if m == nil {
		return nil
	}
	return m.file.Close()
}
