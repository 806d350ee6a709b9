package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/mdlayher/packet"
)

// Types of ICMPv6 messages (RFC 4861 sections 4.1 and 4.2).
const (
	routerSolicitation  = 133
	routerAdvertisement = 134
)

// etherIPv6 is the EtherType of IPv6.
const etherIPv6 = 0x86dd

// Router puts an IPv6 router on the wire that answers solicitations but has no
// network to offer. iPXE asks for one each time it configures a card, and
// without an answer waits 13 seconds although it has its IPv4 address: with a
// router a boot test is quicker, and sees the same packets otherwise.
func (w *Wire) Router() error {
	var conn *packet.Conn
	err := w.space.do(func() error {
		nic, err := net.InterfaceByName(bridge)
		if err != nil {
			return err
		}
		if conn, err = packet.Listen(nic, packet.Raw, etherIPv6, nil); err != nil {
			return err
		}
		return conn.SetPromiscuous(true)
	})
	if err != nil {
		if conn != nil {
			err = errors.Join(err, conn.Close())
		}
		return fmt.Errorf("router on wire %s: %w", w.name, err)
	}
	var running sync.WaitGroup
	running.Go(func() { answerSolicitations(conn) })
	w.lab.onClose(func() error {
		_ = conn.Close()
		running.Wait()
		return nil
	})
	return nil
}

func answerSolicitations(conn *packet.Conn) {
	buf := make([]byte, maxFrame)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if isSolicitation(buf[:n]) {
			// Lost answers are asked for again.
			_, _ = conn.WriteTo(advertisement(), &packet.Addr{HardwareAddr: allNodes()})
		}
	}
}

func isSolicitation(frame []byte) bool {
	return len(frame) >= ethernetHeaderLen+48 &&
		binary.BigEndian.Uint16(frame[12:]) == etherIPv6 &&
		frame[ethernetHeaderLen+6] == 58 && frame[ethernetHeaderLen+40] == routerSolicitation
}

// allNodes is the Ethernet address of ff02::1 (RFC 2464 section 7). iPXE drops
// what is for a group at one layer and for a card at the other.
func allNodes() net.HardwareAddr { return net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1} }

// advertisement is a router advertisement to all nodes: no managed addresses,
// no prefix, and no time as a default router.
func advertisement() []byte {
	mac := []byte{0x02, 0x53, 0x50, 0x55, 0x52, 0x01}
	from, all := netip.MustParseAddr("fe80::1").As16(), netip.MustParseAddr("ff02::1").As16()
	// Type, code, checksum, hop limit 64, flags and lifetime 0, timers 0;
	// then the router's own link-layer address (RFC 4861 sections 4.2, 4.6.1).
	icmp := append([]byte{routerAdvertisement, 0, 0, 0, 64, 15: 0}, append([]byte{1, 1}, mac...)...)
	pseudo := sum(sum(sum(58+uint32(len(icmp)), from[:]), all[:]), icmp)
	binary.BigEndian.PutUint16(icmp[2:], ^fold(pseudo))

	frame := append([]byte(allNodes()), mac...)
	frame = append(frame, 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(icmp)), 58, 255)
	frame = append(append(frame, from[:]...), all[:]...)
	return append(frame, icmp...)
}
