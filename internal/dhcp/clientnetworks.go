package dhcp

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

const (
	// maxHeard bounds the clients of which an address is remembered.
	maxHeard = 1024
	// guessTime is how long a DISCOVER of a client on an unknown network may wait
	// for another server's offer to it. Firmware collects offers for longer: edk2
	// for 4 s, iPXE and PXE 2.1's ROMs for 2 s at least.
	guessTime = 500 * time.Millisecond
)

// clientNetworks remembers which addresses other servers give to the clients
// that are heard. Where an interface is on several networks, it tells by which
// address of ours a client can reach us.
type clientNetworks struct {
	mu      sync.Mutex
	clients map[string]netip.Addr // by hardware address
	age     []string              // of clients, the oldest first
	wires   map[int]netip.Addr    // by interface: an address that was last given there
	awaited map[string]*awaited   // by hardware address
}

// awaited is a client of whose address others wait to hear.
type awaited struct {
	given   chan struct{} // closed when it is
	waiters int
}

func newClientNetworks() *clientNetworks {
	return &clientNetworks{clients: map[string]netip.Addr{}, wires: map[int]netip.Addr{}, awaited: map[string]*awaited{}}
}

// offered notes an address that another server gives to a client.
func (n *clientNetworks) offered(h host, m *dhcpv4.DHCPv4) {
	n.note(h, m, addrOf(m.YourIPAddr))
}

// chosen notes the address that a client takes of another server, whose offer
// may have gone by unheard. What another one sends in the client's name is nothing to
// go by.
func (n *clientNetworks) chosen(h host, m *dhcpv4.DHCPv4, sender net.HardwareAddr) {
	id := addrOf(m.ServerIdentifier())
	if !bytes.Equal(m.ClientHWAddr, sender) {
		return
	}
	if m.MessageType() == dhcpv4.MessageTypeRequest && id.IsValid() && !slices.Contains(h.local, id) && !addrOf(m.GatewayIPAddr).IsValid() {
		n.note(h, m, addrOf(m.RequestedIPAddress()))
	}
}

func (n *clientNetworks) note(h host, m *dhcpv4.DHCPv4, addr netip.Addr) {
	client := string(m.ClientHWAddr)
	if !addr.IsValid() || !h.OnLink(addr) || client == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wires[h.Index] = addr
	if _, known := n.clients[client]; !known {
		if len(n.age) == maxHeard {
			delete(n.clients, n.age[0])
			n.age = slices.Delete(n.age, 0, 1)
		}
		n.age = append(n.age, client)
	}
	n.clients[client] = addr
	if a, ok := n.awaited[client]; ok {
		close(a.given)
		delete(n.awaited, client)
	}
}

// of is the address that a client was given, and one of its wire's clients;
// either may be the zero value.
func (n *clientNetworks) of(index int, m *dhcpv4.DHCPv4) (client, wire netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.clients[string(m.ClientHWAddr)], n.wires[index]
}

// keep forgets the wires that are gone.
func (n *clientNetworks) keep(interfaces []Interface) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for index := range n.wires {
		if !slices.ContainsFunc(interfaces, func(i Interface) bool { return i.Index == index }) {
			delete(n.wires, index)
		}
	}
}

// addrOf is the address that a client was given, if any.
func (n *clientNetworks) addrOf(m *dhcpv4.DHCPv4) (netip.Addr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr, known := n.clients[string(m.ClientHWAddr)]
	return addr, known
}

// await waits until a client is given an address, or the time is over.
func (n *clientNetworks) await(ctx context.Context, m *dhcpv4.DHCPv4) netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, guessTime)
	defer cancel()
	select {
	case <-n.expect(string(m.ClientHWAddr)):
	case <-ctx.Done():
		n.giveUp(string(m.ClientHWAddr))
	}
	addr, _ := n.addrOf(m)
	return addr
}

// expect is closed once a client has been given an address.
func (n *clientNetworks) expect(client string) <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, ok := n.awaited[client]
	if !ok {
		a = &awaited{given: make(chan struct{})}
		if _, known := n.clients[client]; known {
			close(a.given)
			return a.given
		}
		n.awaited[client] = a
	}
	a.waiters++
	return a.given
}

func (n *clientNetworks) giveUp(client string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a, ok := n.awaited[client]; ok {
		if a.waiters--; a.waiters == 0 {
			delete(n.awaited, client)
		}
	}
}
