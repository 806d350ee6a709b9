package dhcp_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

// configure is a script for udhcpc and dhclient that does what they say.
const configure = `#!/bin/sh
addr=${ip:-$new_ip_address}
[ -n "$addr" ] && [ "$1" != deconfig ] && ip addr replace $addr/24 dev $interface
[ -n "$router" ] && ip route replace default via $router
exit 0
`

func script(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "configure")
	if err := os.WriteFile(file, []byte(configure), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// udhcpc runs busybox's client.
func udhcpc(t testing.TB, h host, args ...string) *process {
	t.Helper()
	tool(t, "udhcpc", "udhcpc")
	all := append([]string{"-f", "-i", "eth0", "-t", "10", "-T", "1", "-s", script(t)}, args...)
	return launch(t, h.command("udhcpc", all...))
}

// TestUdhcpc takes busybox's client through its life: an address, a renewal by
// unicast, a restart of the server, a release.
func TestUdhcpc(t *testing.T) {
	h, store := newHost(t), &leases.MemoryStore{}
	s := listen(t, newServer(t, store), connect(t, h))
	if s.Port67Taken || s.Port4011Taken {
		t.Error("a port that nobody has is taken")
	}
	client := udhcpc(t, h, "-R")
	leased := func(times int) {
		const lease = "lease of 192.0.2.10 obtained from 192.0.2.1, lease time 3600"
		eventually(t, "the client has its lease", func() bool { return strings.Count(client.String(), lease) == times })
	}
	leased(1)
	_ = client.cmd.Process.Signal(syscall.SIGUSR1) // renew
	leased(2)
	// The unicast is answered before udhcpc listens again, sometimes: then it
	// asks again by broadcast.
	if !slices.ContainsFunc(s.seen(), func(p handled) bool {
		return p.Step == dhcp.StepAck && p.To == addr("192.0.2.1") && p.From.Addr() == addr("192.0.2.10")
	}) {
		t.Errorf("no renewal came by unicast: %+v", s.seen())
	}
	s.replace(newServer(t, store))
	_ = client.cmd.Process.Signal(syscall.SIGUSR1)
	leased(3)
	if p := s.did(t, dhcp.StepAck, 3); p.Addr != addr("192.0.2.10") {
		t.Errorf("after a restart: %s", p.Addr)
	}
	_ = client.cmd.Process.Signal(syscall.SIGTERM)
	s.did(t, dhcp.StepRelease, 1)
}

// TestDhclient does the same with ISC's client, which needs no broadcasts.
func TestDhclient(t *testing.T) {
	tool(t, "dhclient", "isc-dhcp-client")
	h := newHost(t)
	s := listen(t, newServer(t, &leases.MemoryStore{}), connect(t, h))
	dir := t.TempDir()
	args := []string{"-4", "-lf", dir + "/leases", "-pf", dir + "/pid", "-sf", script(t), "-cf", "/dev/null", "-v"}
	out := output(t, h.command("dhclient", append(args, "-1", "eth0")...))
	t.Cleanup(func() {
		if pid, err := os.ReadFile(dir + "/pid"); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				_ = syscall.Kill(n, syscall.SIGKILL)
			}
		}
	})
	if !strings.Contains(out, "bound to 192.0.2.10") {
		t.Fatal(out)
	}
	output(t, h.command("dhclient", append(args, "-r", "eth0")...))
	s.did(t, dhcp.StepRelease, 1)
}

// TestRelay puts ISC's relay between the client and us: the pool is the
// relay's, option 82 comes back to it (else -D drops the reply), and the
// renewal goes past it.
func TestRelay(t *testing.T) {
	tool(t, "dhcrelay", "isc-dhcp-relay")
	relay, client := newHost(t), newHost(t)
	on := connect(t, relay)
	relay.sh(t, "ip link add eth1 type veth peer name eth0 netns "+client.pid+
		"; ip addr add 192.0.2.2/24 dev eth0; ip addr add 198.51.100.1/24 dev eth1; ip link set eth1 up"+
		"; echo 1 >/proc/sys/net/ipv4/ip_forward")
	client.sh(t, "ip link set eth0 up")
	sh(t, "ip route add 198.51.100.0/24 via 192.0.2.2")
	launch(t, relay.command("dhcrelay", "-4", "-d", "-a", "-D", "--no-pid", "-i", "eth1", "-i", "eth0", "192.0.2.1"))

	s := listen(t, newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) {
		c.Pools[0] = dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"),
			Last: addr("198.51.100.20"), Router: []netip.Addr{addr("198.51.100.1")}}
	}), on)
	c := udhcpc(t, client)
	c.says(t, "lease of 198.51.100.10 obtained from 192.0.2.1")
	if p := s.did(t, dhcp.StepAck, 1); p.Relay() != addr("198.51.100.1") || len(p.Message.Options[82]) == 0 || p.Server != addr("192.0.2.1") {
		t.Errorf("relay %s, server %s, %s", p.Relay(), p.Server, p.Message.Summary())
	}
	_ = c.cmd.Process.Signal(syscall.SIGUSR1)
	// The relay copies the renewal too, because it hears everything.
	eventually(t, "the renewal comes by the routes", func() bool {
		return slices.ContainsFunc(s.seen(), func(p handled) bool {
			return p.Step == dhcp.StepAck && !p.Relay().IsValid() && p.From.Addr() == addr("198.51.100.10")
		})
	})
	eventually(t, "the client has its renewal", func() bool { return strings.Count(c.String(), "obtained") == 2 })
}

// TestPerfdhcp is a small storm: some hundred exchanges, none lost.
func TestPerfdhcp(t *testing.T) {
	tool(t, "perfdhcp", "kea-admin")
	h := newHost(t)
	on := connect(t, h)
	h.sh(t, "ip addr add 192.0.2.2/24 dev eth0")
	listen(t, newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) { c.Pools[0].Last = addr("192.0.2.240") }), on)
	out := output(t, h.command("perfdhcp", "-4", "-l", "eth0", "-r", "200", "-n", "400", "-R", "200",
		// A loaded machine may take its time: only what is lost counts.
		"-d", "10", "-d", "10", "-W", "10000000", "192.0.2.1"))
	drops := regexp.MustCompile(`drops: (\d+)`).FindAllStringSubmatch(out, -1)
	if len(drops) != 2 {
		t.Fatal(out)
	}
	for _, m := range drops {
		if m[1] != "0" {
			t.Fatal(out)
		}
	}
	// It ends after 400, or the few more that were on their way.
	for _, m := range regexp.MustCompile(`received packets: (\d+)`).FindAllStringSubmatch(out, -1) {
		if n, err := strconv.Atoi(m[1]); err != nil || n < 400 {
			t.Fatal(out)
		}
	}
}
