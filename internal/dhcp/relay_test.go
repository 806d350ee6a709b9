package dhcp_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

// listenOn opens a UDP socket on port 67 of one interface of the host.
func (h host) listenOn(t *testing.T, device string) net.PacketConn {
	t.Helper()
	// The thread goes back and lives on: hosts end with the thread that made them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, there := openNamespace(t, "thread-self"), openNamespace(t, h.pid)
	defer home.Close()
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
			_ = unix.BindToDevice(int(fd), device)
		})
	}}
	conn, err := config.ListenPacket(context.Background(), "udp4", ":67")
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		t.Fatal(back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func openNamespace(t *testing.T, of string) *os.File {
	t.Helper()
	f, err := os.Open("/proc/" + of + "/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// relayInPlace relays as a switch does with "option server-override": clients
// on eth1 know it as their server (RFC 5107), and its giaddr is of the network
// of eth0 (RFC 3527).
func relayInPlace(t *testing.T, h host, server string) {
	t.Helper()
	clients, servers := h.listenOn(t, "eth1"), h.listenOn(t, "eth0")
	info := slices.Concat([]byte{1, 4}, []byte("port"), []byte{5, 4}, ip4("198.51.100.1"), []byte{11, 4}, ip4("198.51.100.1"))
	var all sync.WaitGroup
	pump := func(from, to net.PacketConn, dst string, change func(*dhcpv4.DHCPv4)) {
		all.Go(func() {
			b := make([]byte, 4096)
			for {
				n, _, err := from.ReadFrom(b)
				if err != nil {
					return
				}
				m, err := dhcp.Parse(b[:n])
				if err != nil {
					continue
				}
				change(m)
				_, _ = to.WriteTo(dhcp.Marshal(m), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(dst)))
			}
		})
	}
	pump(clients, servers, server+":67", func(m *dhcpv4.DHCPv4) {
		m.GatewayIPAddr, m.HopCount, m.Options[82] = ip4("192.0.2.2"), m.HopCount+1, info
	})
	pump(servers, clients, "255.255.255.255:68", func(m *dhcpv4.DHCPv4) {
		if string(m.Options[82]) != string(info) {
			t.Errorf("option 82 came back as %x", m.Options[82])
		}
		m.GatewayIPAddr = net.IPv4zero.To4()
		delete(m.Options, 82)
	})
	t.Cleanup(func() {
		_ = clients.Close()
		_ = servers.Close()
		all.Wait()
	})
}

// behindRelay makes a wire of ours with a relay on it, and a client behind that.
func behindRelay(t *testing.T) (on dhcp.Interface, relay, client host) {
	t.Helper()
	relay, client = newHost(t), newHost(t)
	on = connect(t, relay)
	relay.sh(t, "ip link add eth1 type veth peer name eth0 netns "+client.pid+
		"; ip addr add 192.0.2.2/24 dev eth0; ip addr add 198.51.100.1/24 dev eth1; ip link set eth1 up")
	client.sh(t, "ip link set eth0 up")
	return on, relay, client
}

func farPool(c *dhcp.ServerConfig) {
	c.Pools = append(c.Pools, dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"), Last: addr("198.51.100.20")})
}

// TestRelayInOurPlace takes busybox's client through its life behind such a
// relay, where there is no other way to us.
func TestRelayInOurPlace(t *testing.T) {
	on, relay, client := behindRelay(t)
	relayInPlace(t, relay, "192.0.2.1")
	s := listen(t, newServer(t, &leases.MemoryStore{}, farPool), on)
	c := udhcpc(t, client, "-R")
	c.says(t, "lease of 198.51.100.10 obtained from 198.51.100.1, lease time 3600")
	_ = c.cmd.Process.Signal(syscall.SIGUSR1) // renew
	eventually(t, "the client has its renewal", func() bool { return strings.Count(c.String(), "obtained from 198.51.100.1") == 2 })
	if p := s.did(t, dhcp.StepAck, 2); p.Relay() != addr("192.0.2.2") || p.Addr != addr("198.51.100.10") || p.Server != addr("192.0.2.1") {
		t.Errorf("the renewal came as %+v", p)
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	s.did(t, dhcp.StepRelease, 1)
}
