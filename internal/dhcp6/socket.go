package dhcp6

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// receiveBuffer bounds, in bytes and for each socket, the requests that wait
// while the handler is busy. The kernel drops what doesn't fit.
const receiveBuffer = 1 << 20

// groups are where clients and relays send to (RFC 8415 section 7.1).
func groups() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("ff02::1:2"), netip.MustParseAddr("ff05::1:3")}
}

// socket hears one port on one interface.
type socket struct {
	conn   *ipv6.PacketConn
	raw    net.PacketConn
	on     atomic.Pointer[Interface]
	port   uint16
	closed atomic.Bool
	// taken tells that another program of this host has the port on the
	// interface, and gets what is sent to us by unicast.
	taken bool
}

func (s *socket) close() error {
	s.closed.Store(true)
	return s.raw.Close()
}

// openSocket opens a port on an interface. Another server of this host may have
// it. The kernel gives each of two sockets what comes for a group, but only one
// of them what comes for an address; so with another server only the group is
// bound, and the other keeps what its relays and clients send to it.
func openSocket(i Interface, port uint16) (*socket, error) {
	all := netip.AddrPortFrom(netip.IPv6Unspecified(), port)
	raw, err := bind(i, all, exclusive)
	taken := errors.Is(err, unix.EADDRINUSE)
	if taken && port == ServerPort {
		raw, err = bind(i, netip.AddrPortFrom(groups()[0].WithZone(i.zone()), port), share)
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return nil, fmt.Errorf("another server of this host has UDP port %d of interface %s for itself; dnsmasq shares it with the line bind-dynamic in its configuration", port, i.Name)
	case err != nil:
		return nil, nic.Permission(fmt.Errorf("listen on UDP port %d of interface %s: %w", port, i.Name, err))
	}
	s := &socket{raw: raw, conn: ipv6.NewPacketConn(raw), port: port, taken: taken}
	s.on.Store(&i)
	if err := s.prepare(i); err != nil {
		return nil, errors.Join(fmt.Errorf("listen on UDP port %d of interface %s: %w", port, i.Name, err), raw.Close())
	}
	return s, nil
}

// prepare joins the groups. A port that was ours alone until here may be shared
// from now on, so that a server that is started later still can.
func (s *socket) prepare(i Interface) error {
	if err := s.conn.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true); err != nil {
		return err
	}
	raw, err := s.raw.(*net.UDPConn).SyscallConn()
	if err != nil {
		return err
	}
	if err := nic.Control(raw, share); err != nil || s.port != ServerPort {
		return err
	}
	for _, g := range groups() {
		if err := s.conn.JoinGroup(&net.Interface{Index: i.Index, Name: i.Name}, &net.UDPAddr{IP: g.AsSlice()}); err != nil {
			return fmt.Errorf("join %s: %w", g, err)
		}
	}
	return nil
}

// bind opens a UDP socket that hears and sends on one interface only.
func bind(i Interface, to netip.AddrPort, sharing func(fd int) error) (net.PacketConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return nic.Control(c, func(fd int) error {
			return errors.Join(
				unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1),
				// Not what other sockets of this host have joined.
				unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0),
				unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer),
				nic.EnlargeSendBuffer(fd),
				unix.BindToDevice(fd, i.Name),
				sharing(fd),
			)
		})
	}}
	return lc.ListenPacket(context.Background(), "udp6", to.String())
}

func exclusive(fd int) error { return nil }

// share lets others bind the port that a socket has, or it one that others share.
func share(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }

// read waits for the next datagram. A reader is woken by a deadline in the past.
func (s *socket) read(buf []byte) (n int, from netip.AddrPort, to netip.Addr, err error) {
	n, cm, src, err := s.conn.ReadFrom(buf)
	if err != nil {
		return 0, from, to, err
	}
	if u, ok := src.(*net.UDPAddr); ok {
		from = u.AddrPort()
		from = netip.AddrPortFrom(from.Addr().WithZone(""), from.Port())
	}
	if cm != nil {
		to, _ = netip.AddrFromSlice(cm.Dst)
	}
	return n, from, to, nil
}

// write sends from the address that the request came to, if that was ours: on
// port 4011 edk2 hears nobody else.
func (s *socket) write(b []byte, from netip.Addr, to netip.AddrPort) error {
	i := s.on.Load()
	cm := &ipv6.ControlMessage{IfIndex: i.Index}
	if from.IsValid() && !from.IsMulticast() {
		cm.Src = from.AsSlice()
	} else if to.Addr().IsLinkLocalUnicast() {
		cm.Src = i.LinkLocal.AsSlice()
	}
	dst := &unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())}
	if to.Addr().IsLinkLocalUnicast() {
		dst.ZoneId = uint32(i.Index)
	}
	raw, err := s.raw.(*net.UDPConn).SyscallConn()
	if err != nil {
		return err
	}
	// It never waits for room in the socket: replies to forged addresses lie there for
	// seconds, until the kernel has given up to resolve them, and whoever sends those
	// must not keep others from being answered.
	return nic.Control(raw, func(fd int) error { return unix.Sendmsg(fd, b, cm.Marshal(), dst, unix.MSG_DONTWAIT) })
}

func (s *socket) wake() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) }
