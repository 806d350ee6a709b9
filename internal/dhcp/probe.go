package dhcp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
	"github.com/mdlayher/packet"
)

// Answer is what another server offered to a [Probe].
type Answer struct {
	// Server is its identifier (option 54), else the address it sent from.
	Server netip.Addr
	// MAC is the frame's source: the server's, or a relay's.
	MAC net.HardwareAddr
	// Offered is the address; the zero value in a proxy offer.
	Offered netip.Addr
	// Proxy tells that the server only says what to boot.
	Proxy bool
	// Message is the whole offer.
	Message *dhcpv4.DHCPv4
}

// How a probe asks: probes times during probeTime, each time as a plain client
// and as a UEFI PXE ROM. dnsmasq pings an address for three seconds before it
// offers it (its option --no-ping), ISC's dhcpd for one.
const (
	probes     = 3
	probeGap   = time.Second
	probeTime  = 4 * time.Second
	maxAnswers = 64
)

// Probe looks for DHCP servers on an interface, as a client would, for four
// seconds or until the context ends, which is no error. Each server is reported once, or twice if it sends an address
// and a proxy offer. The interface needs no address.
//
// It hears the offers beside a DHCP client of this host. It doesn't hear a
// server of this host: what a host sends, it doesn't receive; for that look at
// [Listener].Port67Taken.
func Probe(ctx context.Context, i Interface) ([]Answer, error) {
	conn, err := openSocket(i, ClientPort)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ask, err := newProbeClient()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	// A deadline in the past wakes the read when the context ends.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	sent := make(chan error, 1)
	go func() { sent <- ask.send(ctx, conn) }()
	answers, err := ask.collect(ctx, conn)
	cancel()
	if err := errors.Join(err, <-sent); err != nil {
		return nil, fmt.Errorf("look for DHCP servers on %s: %w", i.Name, err)
	}
	return answers, nil
}

// probeClient is the machine that the probe pretends to be.
type probeClient struct {
	mac net.HardwareAddr
	xid dhcpv4.TransactionID
}

func newProbeClient() (probeClient, error) {
	var b [10]byte
	if _, err := rand.Read(b[:]); err != nil {
		return probeClient{}, fmt.Errorf("make up an address: %w", err)
	}
	b[0] = b[0]&^1 | 2 // locally administered, no multicast (IEEE 802)
	return probeClient{mac: b[:6], xid: dhcpv4.TransactionID(b[6:])}, nil
}

func (a probeClient) send(ctx context.Context, conn *packet.Conn) error {
	src := netip.AddrPortFrom(netip.IPv4Unspecified(), ClientPort)
	dst := netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), ServerPort)
	all := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	for n := range probes {
		for _, pxe := range []bool{false, true} {
			frame := newFrame(all, a.mac, src, dst, Marshal(a.discover(n, pxe)))
			if _, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: all}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probeGap):
		}
	}
	return nil
}

// probeID is the client identifier of probes (RFC 2132, 9.14; type 0: no hardware address),
// so that whoever sees one, in a capture or in a server's log, knows it.
func probeID() []byte { return []byte("\x00Spur looks for DHCP servers") }

// IsProbe tells whether a message is one of a [Probe], of this host or another's.
func IsProbe(m *dhcpv4.DHCPv4) bool {
	return bytes.Equal(m.Options.Get(dhcpv4.OptionClientIdentifier), probeID())
}

// discover is a DISCOVER with the broadcast flag, because frames to an address
// that no card here has could get lost on the way.
func (a probeClient) discover(n int, pxe bool) *dhcpv4.DHCPv4 {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, TransactionID: a.xid, NumSeconds: uint16(n),
		ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: net.IPv4zero, GatewayIPAddr: net.IPv4zero,
		ClientHWAddr: a.mac, Options: dhcpv4.Options{},
	}
	m.SetBroadcast()
	m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeDiscover))
	m.UpdateOption(dhcpv4.OptClientIdentifier(probeID()))
	m.UpdateOption(dhcpv4.OptParameterRequestList(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter,
		dhcpv4.OptionDomainNameServer, dhcpv4.OptionDomainName, dhcpv4.OptionVendorSpecificInformation,
		dhcpv4.OptionClassIdentifier, dhcpv4.OptionTFTPServerName, dhcpv4.OptionBootfileName))
	if pxe {
		m.UpdateOption(dhcpv4.OptClassIdentifier("PXEClient:Arch:00007:UNDI:003016"))
		m.UpdateOption(dhcpv4.OptClientArch(iana.EFI_X86_64))
		m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientNetworkInterfaceIdentifier, []byte{1, 3, 16}))
		m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientMachineIdentifier, append(make([]byte, 11), a.mac...)))
	}
	return m
}

// collect reads offers until the context ends.
func (a probeClient) collect(ctx context.Context, conn *packet.Conn) ([]Answer, error) {
	var all []Answer
	buf := make([]byte, maxFrame)
	for len(all) < maxAnswers {
		n, _, err := conn.ReadFrom(buf)
		if ctx.Err() != nil {
			return all, nil //nolint:nilerr // the time is up; the read's error only tells of it
		}
		if err != nil {
			return nil, err
		}
		if one, ok := a.answer(buf[:n]); ok && !slices.ContainsFunc(all, one.repeats) {
			all = append(all, one)
		}
	}
	return all, nil
}

// answer reads an offer to this client.
func (a probeClient) answer(frame []byte) (Answer, bool) {
	d, err := openFrame(frame)
	if err != nil {
		return Answer{}, false
	}
	m, err := Parse(d.payload)
	if err != nil || m.OpCode != dhcpv4.OpcodeBootReply || m.TransactionID != a.xid || m.MessageType() != dhcpv4.MessageTypeOffer {
		return Answer{}, false
	}
	one := Answer{Server: addrOf(m.ServerIdentifier()), MAC: d.mac, Offered: addrOf(m.YourIPAddr), Message: m}
	if !one.Server.IsValid() {
		one.Server = d.src.Addr()
	}
	one.Proxy = !one.Offered.IsValid()
	return one, true
}

// repeats tells whether two answers tell of the same server the same thing.
func (a Answer) repeats(b Answer) bool { return a.Server == b.Server && a.Proxy == b.Proxy }
