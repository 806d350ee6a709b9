package boottest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// wireClient is a simulated client that has no address yet: it speaks DHCP in frames.
type wireClient struct{ mac net.HardwareAddr }

// send broadcasts a message from no address.
func (c wireClient) send(conn *packet.Conn, m *dhcpv4.DHCPv4) error {
	payload := m.ToBytes()
	frame := slices.Concat([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, c.mac, []byte{0x08, 0x00})
	ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 128, unix.IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+8+len(payload)))
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	udp := []byte{0, 68, 0, 67, 0, 0, 0, 0} // no sum, as in the documentation's capture
	binary.BigEndian.PutUint16(udp[4:], uint16(8+len(payload)))
	_, err := conn.WriteTo(slices.Concat(frame, ip, udp, payload), &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}})
	return err
}

// checksum is that of a header of IPv4 (RFC 791).
func checksum(header []byte) uint16 {
	sum := uint32(0)
	for ; len(header) > 1; header = header[2:] {
		sum += uint32(binary.BigEndian.Uint16(header))
	}
	return ^uint16(sum + sum>>16)
}

// ask sends a message up to four times, as a ROM does (PXE 2.1, 2.2.2), until a reply is
// the one: a wire that has just been plugged in may lose the first.
func (c wireClient) ask(conn *packet.Conn, m *dhcpv4.DHCPv4, is func(*dhcpv4.DHCPv4, netip.Addr) bool) error {
	for range 4 {
		if err := c.send(conn, m); err != nil {
			return err
		}
		if c.hear(conn, is) {
			return nil
		}
	}
	return fmt.Errorf("no answer to four %ss of %s", m.MessageType(), c.mac)
}

// listen opens the frames that reach it, within the network namespace of its host.
func (wireClient) listen() (*packet.Conn, error) {
	nic, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil, err
	}
	return packet.Listen(nic, packet.Raw, unix.ETH_P_IP, nil)
}

// hear reads replies until one is the one, for five seconds.
func (c wireClient) hear(conn *packet.Conn, is func(*dhcpv4.DHCPv4, netip.Addr) bool) bool {
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // which it has
	frame := make([]byte, 2048)
	for {
		n, _, err := conn.ReadFrom(frame)
		if err != nil {
			return false
		}
		if b := frame[:n]; isUDP(b) && binary.BigEndian.Uint16(b[offUDPPorts+2:]) == 68 {
			m, err := dhcpv4.FromBytes(b[offDHCP:])
			from, _ := netip.AddrFromSlice(b[offSource : offSource+4])
			if err == nil && bytes.Equal(m.ClientHWAddr, c.mac) && is(m, from) {
				return true
			}
		}
	}
}
