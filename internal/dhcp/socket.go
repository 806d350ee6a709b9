package dhcp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// receiveBuffer bounds, in bytes and for each interface, the requests that
// wait while the handler is busy. The kernel drops what doesn't fit.
const receiveBuffer = 1 << 20

// socket is the packet socket of one interface.
type socket struct {
	conn   *packet.Conn
	lock   *hostLock
	member *membership // of a multicast group; nil for none
	host   atomic.Pointer[host]
	closed atomic.Bool
}

func (s *socket) close() error {
	s.closed.Store(true)
	return errors.Join(s.conn.Close(), s.lock.Close(), s.member.Close())
}

// join has the interface hear a multicast group; the zero value is none.
func (s *socket) join(group netip.Addr) (err error) {
	if group.IsValid() && s.member == nil {
		s.member, err = joinGroup(s.host.Load().Interface, group)
	}
	return err
}

func (s *socket) name() string { return s.host.Load().Name }

// openSocket opens a packet socket that hears the given UDP ports.
func openSocket(i Interface, ports ...uint16) (*packet.Conn, error) {
	code, err := filter(ports...)
	if err != nil {
		return nil, err
	}
	ifi := &net.Interface{Index: i.Index, Name: i.Name, HardwareAddr: i.MAC}
	conn, err := packet.Listen(ifi, packet.Raw, etherIPv4, &packet.Config{Filter: code})
	if err != nil {
		return nil, nic.Permission(fmt.Errorf("listen on interface %s: %w", i.Name, err))
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = nic.Control(raw, func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bound the buffer of interface %s: %w", i.Name, err), conn.Close())
	}
	return conn, nil
}
