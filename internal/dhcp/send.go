package dhcp

import (
	"errors"
	"fmt"
	"net"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// Send sends a reply to where [Destination] says. It is safe for concurrent
// use.
func (l *Listener) Send(req Packet, reply *dhcpv4.DHCPv4) error {
	t := Destination(req, reply)
	if !t.Src.Addr().IsValid() {
		return fmt.Errorf("send %s to %s: interface %s has no address to send from", reply.MessageType(), t.Dst, req.Interface.Name)
	}
	err := l.send(req.Interface, t, Marshal(reply))
	if err != nil {
		return fmt.Errorf("send %s to %s: %w", reply.MessageType(), t.Dst, err)
	}
	return nil
}

func (l *Listener) send(i Interface, t Target, payload []byte) error {
	if t.MAC == nil {
		return l.raw.send(newIPv4(t.Src, t.Dst, payload))
	}
	s := l.socketOf(i)
	if s == nil {
		return fmt.Errorf("interface %s is no longer listened on", i.Name)
	}
	frame := newFrame(t.MAC, i.MAC, t.Src, t.Dst, payload)
	_, err := s.conn.WriteTo(frame, &packet.Addr{HardwareAddr: t.MAC})
	return err
}

func (l *Listener) socketOf(i Interface) *socket {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, s := range l.sockets {
		if s.host.Load().Index == i.Index {
			return s
		}
	}
	return nil
}

// rawSocket sends IPv4 packets with our own header, so that the source port
// is 67 even when another server holds that port.
type rawSocket struct{ conn *net.IPConn }

// ipprotoRaw makes a raw socket send whole packets and receive none (raw(7)).
const ipprotoRaw = 255

func openRaw() (*rawSocket, error) {
	c, err := net.ListenPacket(fmt.Sprintf("ip4:%d", ipprotoRaw), "0.0.0.0")
	if err != nil {
		return nil, nic.Permission(fmt.Errorf("open a raw IPv4 socket: %w", err))
	}
	r := &rawSocket{c.(*net.IPConn)}
	if err := r.control(nic.EnlargeSendBuffer); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare a raw IPv4 socket: %w", err), c.Close())
	}
	return r, nil
}

func (r *rawSocket) control(f func(fd int) error) error {
	raw, err := r.conn.SyscallConn()
	if err != nil {
		return err
	}
	return nic.Control(raw, f)
}

// send takes a packet with its header. It never waits for room in the socket: replies
// by way of forged relays lie there for seconds, until the kernel has given up to
// resolve them, and whoever sends those must not keep others from being answered.
func (r *rawSocket) send(b []byte) error {
	to := &unix.SockaddrInet4{Addr: [4]byte(b[16:20])} // RFC 791 section 3.1
	return r.control(func(fd int) error { return unix.Sendto(fd, b, unix.MSG_DONTWAIT, to) })
}

func (r *rawSocket) Close() error {
	if r == nil {
		return nil
	}
	return r.conn.Close()
}
