package dhcp_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
)

// replies are those of other servers that a listener heard.
type replies struct {
	mu  sync.Mutex
	all []dhcp.Overheard
}

func (r *replies) add(o dhcp.Overheard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, o)
}

func (r *replies) kinds() (all []dhcpv4.MessageType) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.all {
		all = append(all, o.Message.MessageType())
	}
	return all
}

// overhear listens with a hook for what other servers send.
func overhear(t *testing.T, on ...dhcp.Interface) *replies {
	t.Helper()
	r := &replies{}
	l, err := dhcp.Listen(on, dhcp.Hooks{Overheard: r.add})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, func(dhcp.Packet) {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestOverheardDnsmasq has a client get its address from dnsmasq, both on
// other hosts of our wire.
func TestOverheardDnsmasq(t *testing.T) {
	server, client := newHost(t), newHost(t)
	sh(t, "ip link add spurbr type bridge; ip addr add 192.0.2.1/24 dev spurbr; ip link set spurbr up")
	t.Cleanup(func() { sh(t, "ip link del spurbr") })
	for name, h := range map[string]host{"spur0": server, "spur1": client} {
		sh(t, "ip link add "+name+" type veth peer name eth0 netns "+h.pid+"; ip link set "+name+" master spurbr up")
		t.Cleanup(func() { sh(t, "ip link del "+name) })
		h.sh(t, "ip link set eth0 up")
	}
	server.sh(t, "ip addr add 192.0.2.2/24 dev eth0")
	dnsmasq(t, &server, "--interface=eth0", "--dhcp-range=192.0.2.100,192.0.2.110", "--no-ping")
	heard := overhear(t, lookup(t, "spurbr")...)

	udhcpc(t, client, "-B").says(t, "obtained from 192.0.2.2")
	want := []dhcpv4.MessageType{offer, ack}
	eventually(t, "OFFER and ACK are heard", func() bool { return slices.Equal(heard.kinds(), want) })
	for _, o := range heard.all {
		if o.Server() != addr("192.0.2.2") || o.From.Addr() != addr("192.0.2.2") || o.Interface.Name != "spurbr" || len(o.FromMAC) != 6 ||
			!netip.MustParsePrefix("192.0.2.96/28").Contains(netip.AddrFrom4([4]byte(o.Message.YourIPAddr.To4()))) {
			t.Errorf("heard %+v, %s", o, o.Message.Summary())
		}
	}
}

// TestOverheard sends replies, and what is none, to clients.
func TestOverheard(t *testing.T) {
	on, send := pair(t)
	heard := overhear(t, on)
	reply := func(n byte, id string, change func([]byte) []byte) {
		m := &dhcpv4.DHCPv4{
			OpCode: dhcpv4.OpcodeBootReply, HWType: 1, ClientHWAddr: clientMAC, TransactionID: dhcpv4.TransactionID{0, 0, 0, n},
			YourIPAddr: ip4("192.0.2.50"), Options: dhcpv4.Options{53: {byte(offer)}},
		}
		if id != "" {
			m.Options[54] = ip4(id)
		}
		b := dhcp.NewFrame(net.HardwareAddr(bytes.Repeat([]byte{255}, 6)), senderMAC,
			netip.MustParseAddrPort("192.0.2.7:67"), netip.MustParseAddrPort("192.0.2.50:68"), dhcp.Marshal(m))
		if change != nil {
			b = change(b)
		}
		send(b)
	}
	reply(1, "192.0.2.6", nil)
	reply(2, "", nil)
	reply(3, "192.0.2.6", func(b []byte) []byte { copy(b, clientMAC); return b }) // a unicast that the wire carries here
	reply(90, "192.0.2.1", nil)                                                   // our own, by a relay
	reply(91, "192.0.2.6", func(b []byte) []byte { return b[:300] })              // cut off
	send(frame(92, "255.255.255.255:68", nil))                                    // a request
	reply(4, "192.0.2.6", nil)
	eventually(t, "the last is heard", func() bool { return len(heard.kinds()) >= 4 })
	for i, server := range []string{"192.0.2.6", "192.0.2.7", "192.0.2.6", "192.0.2.6"} {
		o := heard.all[i]
		if o.Message.TransactionID[3] != byte(i+1) || o.Server() != addr(server) || o.FromMAC.String() != senderMAC.String() {
			t.Errorf("heard %+v, %s", o, o.Message.Summary())
		}
	}
}
