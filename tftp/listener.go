package tftp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// A listener is the server's own socket, with the destination of each packet
// by IP_PKTINFO (ip(7), ipv6(7)).
type listener struct {
	conn  *net.UDPConn
	local netip.AddrPort
	oob   []byte
}

// incoming is one packet of the listener; it is valid until the next read.
type incoming struct {
	packet []byte
	oob    []byte
	remote netip.AddrPort
}

func newListener(conn *net.UDPConn) (*listener, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	err = raw.Control(func(fd uintptr) {
		// One of the two fails, depending on the socket's family.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	})
	return &listener{
		conn:  conn,
		local: conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		oob:   make([]byte, 256),
	}, err
}

// read waits for the next packet.
func (l *listener) read(buf []byte) (incoming, error) {
	for {
		n, oobn, _, remote, err := l.conn.ReadMsgUDPAddrPort(buf, l.oob)
		switch {
		case err == nil:
			remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
			return incoming{packet: buf[:n], oob: l.oob[:oobn], remote: remote}, nil
		case !passes(err):
			return incoming{}, err
		}
	}
}

// passes recognises errors of the server's socket that concern one packet: what
// ICMP says of an earlier one, perhaps to another client, or a shortage of
// buffers.
func passes(err error) bool {
	for _, e := range [...]syscall.Errno{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ENOBUFS, unix.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// asked returns the address that the packet was sent to and the interface it
// came in on.
func (l *listener) asked(in incoming) (netip.AddrPort, int) {
	to, index := destination(in.oob)
	switch {
	case !to.IsValid():
		to = l.local.Addr()
	case to.Is6() && to.IsLinkLocalUnicast():
		to = to.WithZone(in.remote.Addr().Zone())
	}
	return netip.AddrPortFrom(to, l.local.Port()), index
}

// reply is what answers a packet through the server's own socket.
func (l *listener) reply(in incoming) udpWriter {
	to, index := destination(in.oob)
	return udpWriter{conn: l.conn, remote: in.remote, source: sourceMessage(to, index)}
}

func (l *listener) answer(in incoming, e *Error) {
	o := l.reply(in)
	o.error(e)
}

// destination reads the control messages of a packet. For a broadcast it is
// the interface's address (ipi_spec_dst). An IPv6 socket that receives IPv4
// gets both kinds, of which IPv4's own says more.
func destination(oob []byte) (to netip.Addr, index int) {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			to = netip.AddrFrom4([4]byte(data[4:8]))
			if to.IsUnspecified() { // came in before the option was set; ipi_addr is from the packet itself
				to = netip.AddrFrom4([4]byte(data[8:12]))
			}
			return to, int(binary.NativeEndian.Uint32(data))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			to, index = netip.AddrFrom16([16]byte(data[:16])).Unmap(), int(binary.NativeEndian.Uint32(data[16:]))
		}
		oob = rest
	}
	return to, index
}

// sourceMessage is the control message that makes a packet leave with the given
// source address.
func sourceMessage(from netip.Addr, index int) []byte {
	switch {
	case !from.IsValid():
		return nil
	case from.Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: from.As4()})
	case from.IsLinkLocalUnicast():
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: from.As16(), Ifindex: uint32(index)})
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: from.As16()})
}
