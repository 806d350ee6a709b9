package dhcp6

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// ErrClientPort says that a program of this host has the port on which the answers to a
// [Probe] come: a DHCPv6 client, so that there is a server most likely.
var ErrClientPort = errors.New("a DHCPv6 client of this host has UDP port 546")

// Answer is what another server offered to a [Probe].
type Answer struct {
	From    netip.Addr // the server, or a relay
	Offered netip.Addr
}

// How a probe asks: probes times, and for as long after each one.
const (
	probes     = 3
	probeGap   = time.Second
	maxAnswers = 64
)

// Probe looks for DHCPv6 servers that give addresses on an interface, as a
// client would, for three seconds or until the context ends, which is no error.
// It hears those of this host as well.
func Probe(ctx context.Context, i Interface) ([]Answer, error) {
	conn, err := bind(i, netip.AddrPortFrom(i.LinkLocal.WithZone(i.zone()), ClientPort), exclusive)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return nil, fmt.Errorf("look for DHCPv6 servers on %s: %w", i.Name, ErrClientPort)
	case err != nil:
		return nil, nic.Permission(fmt.Errorf("look for DHCPv6 servers on %s: %w", i.Name, err))
	}
	defer conn.Close()
	ask, err := newProbe()
	if err != nil {
		return nil, err
	}
	var all []Answer
	var failed error
	asked := false
	for range probes {
		// An interface that has just come up may not take it yet.
		if failed = send(conn, i, ask.ToBytes()); failed != nil {
			if !wait(ctx, probeGap, nil) {
				break
			}
			continue
		}
		asked = true
		if all, err = collect(ctx, conn, ask, all); err != nil || ctx.Err() != nil {
			break
		}
	}
	if failed != nil && !asked && ctx.Err() == nil {
		return nil, fmt.Errorf("look for DHCPv6 servers on %s: %w", i.Name, failed)
	}
	return all, err
}

// newProbe is a SOLICIT of a machine that there isn't, so that no server keeps
// an address for a real one.
func newProbe() (*dhcpv6.Message, error) {
	var b [13]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("make up a client: %w", err)
	}
	b[0] = b[0]&^1 | 2 // locally administered, no multicast (IEEE 802)
	m := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeSolicit, TransactionID: dhcpv6.TransactionID(b[6:9])}
	m.AddOption(dhcpv6.OptClientID(&dhcpv6.DUIDLL{HWType: ethernet, LinkLayerAddr: b[:6]}))
	m.AddOption(dhcpv6.OptElapsedTime(0))
	m.AddOption(&dhcpv6.OptIANA{IaId: [4]byte(b[9:])})
	return m, nil
}

func send(conn net.PacketConn, i Interface, b []byte) error {
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(groups()[0].WithZone(i.zone()), ServerPort))
	_, err := conn.WriteTo(b, to)
	return err
}

// collect adds the answers of the time until the next question.
func collect(ctx context.Context, conn net.PacketConn, ask *dhcpv6.Message, all []Answer) ([]Answer, error) {
	if err := conn.SetReadDeadline(time.Now().Add(probeGap)); err != nil {
		return all, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf := make([]byte, maxMessage)
	for len(all) < maxAnswers {
		n, src, err := conn.ReadFrom(buf)
		var late net.Error
		switch {
		case errors.As(err, &late) && late.Timeout():
			return all, nil
		case err != nil:
			return all, err
		}
		from := src.(*net.UDPAddr).AddrPort().Addr().WithZone("")
		one := Answer{From: from, Offered: offered(buf[:n], ask)}
		if one.Offered.IsValid() && !slices.ContainsFunc(all, func(a Answer) bool { return a.From == from }) {
			all = append(all, one)
		}
	}
	return all, nil
}

// offered is the address in an answer to a SOLICIT, or the zero value.
func offered(b []byte, ask *dhcpv6.Message) (addr netip.Addr) {
	if len(b) < messageHeader || dhcpv6.MessageType(b[0]) != dhcpv6.MessageTypeAdvertise || [3]byte(b[1:]) != ask.TransactionID {
		return netip.Addr{}
	}
	walk(b[messageHeader:], func(code dhcpv6.OptionCode, value []byte) {
		if code != dhcpv6.OptionIANA || len(value) < 12 { // IAID, T1 and T2
			return
		}
		walk(value[12:], func(code dhcpv6.OptionCode, value []byte) {
			if code == dhcpv6.OptionIAAddr && len(value) >= 16 && !addr.IsValid() {
				addr = netip.AddrFrom16([16]byte(value))
			}
		})
	})
	return addr
}
