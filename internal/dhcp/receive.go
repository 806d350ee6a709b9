package dhcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// readAll is the loop of one interface, until the context ends or its socket
// is closed.
func (l *Listener) readAll(ctx context.Context, s *socket, handler func(Packet)) error {
	// A reader that sits in a read is woken by a deadline in the past.
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, maxFrame)
	for {
		n, _, err := s.conn.ReadFrom(buf)
		now := time.Now()
		if ctx.Err() != nil || s.closed.Load() {
			return nil // the end was wanted; the read's error only tells of it
		}
		switch {
		case errors.Is(err, unix.ENETDOWN):
			return l.drop(s, err)
		case err != nil:
			return fmt.Errorf("read from interface %s: %w", s.name(), err)
		default:
			l.receive(s, buf[:n], now, handler)
		}
	}
}

// receive hands a request to the handler, and survives whatever the packet
// does.
func (l *Listener) receive(s *socket, frame []byte, now time.Time, handler func(Packet)) {
	defer func() {
		value := recover()
		if value != nil && l.hooks.Panicked != nil {
			l.hooks.Panicked(s.name(), value, debug.Stack())
		}
	}()
	if p, ok := l.accept(s, frame, now); ok {
		l.received.Add(1)
		handler(p)
	}
}

// drop gives up an interface that went down. Whether it was removed, and the
// socket is bound to nothing from now on, can't be told by it.
func (l *Listener) drop(s *socket, reason error) error {
	l.mu.Lock()
	at := slices.Index(l.sockets, s)
	if at >= 0 {
		l.sockets = slices.Delete(slices.Clone(l.sockets), at, at+1)
	}
	l.mu.Unlock()
	if at < 0 {
		return nil // closed meanwhile
	}
	err := s.close()
	if l.hooks.Down != nil {
		l.hooks.Down(s.name(), reason)
	}
	return err
}

// accept turns a frame into a request that is ours to answer.
func (l *Listener) accept(s *socket, frame []byte, now time.Time) (Packet, bool) {
	d, err := openFrame(frame)
	if err != nil {
		l.malformedPacket(s, nil, err)
		return Packet{}, false
	}
	host := s.host.Load()
	if d.dst.Port() == ClientPort {
		l.overhear(*host, d, now)
		return Packet{}, false
	}
	if !host.addressed(d.dst.Addr()) {
		l.elsewhere.Add(1)
		return Packet{}, false
	}
	m, err := ParseRequest(d.payload)
	if err != nil {
		l.malformedPacket(s, d.mac, err)
		return Packet{}, false
	}
	if l.dedup.isDuplicate(d.payload, host.Index, now) {
		l.duplicates.Add(1)
		return Packet{}, false
	}
	p := Packet{
		Message: m, Raw: bytes.Clone(d.payload), Interface: host.Interface, Port: d.dst.Port(),
		From: d.src, FromMAC: d.mac, To: d.dst.Addr(), Time: now,
	}
	l.clients.chosen(*host, m, d.mac)
	client, neighbour := l.clients.of(host.Index, m)
	return host.withServer(p, l.ServerAddrs, client, neighbour), true
}

// overhear tells of a reply of another server. Whatever else comes to the
// clients' port is nothing to complain about: it is not for us.
func (l *Listener) overhear(h host, d datagram, now time.Time) {
	m, err := Parse(d.payload)
	if err != nil || m.OpCode != dhcpv4.OpcodeBootReply {
		return
	}
	o := Overheard{Message: m, Raw: bytes.Clone(d.payload), Interface: h.Interface, From: d.src, FromMAC: d.mac, Time: now}
	// A relay may bring our own replies to a wire that we hear.
	if slices.Contains(h.local, o.Server()) || l.dedup.isDuplicate(d.payload, h.Index, now) {
		return
	}
	l.clients.offered(h, m)
	if l.hooks.Overheard != nil {
		l.hooks.Overheard(o)
	}
}

func (l *Listener) malformedPacket(s *socket, from net.HardwareAddr, err error) {
	l.malformed.Add(1)
	if l.hooks.Malformed != nil {
		l.hooks.Malformed(s.name(), from, err)
	}
}
