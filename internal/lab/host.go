package lab

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"

	"github.com/vishvananda/netlink"
)

// A Host is a computer without a machine: a network namespace with an
// interface on each of its wires, eth0, eth1 and so on.
type Host struct {
	lab   *Lab
	name  string
	space *namespace
	runs  int
}

// Host makes a host and plugs it into its wires.
func (l *Lab) Host(name string, nics ...NIC) (*Host, error) {
	if err := l.take(name); err != nil {
		return nil, err
	}
	space, err := l.namespace(name)
	if err != nil {
		return nil, err
	}
	h := &Host{lab: l, name: name, space: space}
	if err := space.up("lo"); err != nil {
		return nil, err
	}
	for i, nic := range nics {
		if err := h.attach(fmt.Sprintf("eth%d", i), nic); err != nil {
			return nil, fmt.Errorf("host %s: %w", name, err)
		}
	}
	return h, nil
}

// Name is the name the host was made with.
func (h *Host) Name() string { return h.name }

// Namespace is the name that `ip netns exec` knows the host by.
func (h *Host) Namespace() string { return h.space.name }

// AddAddr gives an interface one more address, such as "10.77.0.5/24". It is
// usable at once: duplicate address detection is left out.
func (h *Host) AddAddr(nic, addr string) error {
	parsed, err := netlink.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("address %q of %s: %w", addr, nic, err)
	}
	if parsed.IP.To4() == nil {
		parsed.Flags = ifaFlagNoDAD
	}
	link, err := h.space.links.LinkByName(nic)
	if err != nil {
		return fmt.Errorf("interface %s of host %s: %w", nic, h.name, err)
	}
	if err := h.space.links.AddrAdd(link, parsed); err != nil {
		return fmt.Errorf("address %q of %s: %w", addr, nic, err)
	}
	return nil
}

// ifaFlagNoDAD is IFA_F_NODAD of rtnetlink(7).
const ifaFlagNoDAD = 0x02

// AddRoute sends a network, such as "10.78.0.0/24" or "0.0.0.0/0", by way of a
// neighbour.
func (h *Host) AddRoute(network, via string) error {
	_, dst, err := net.ParseCIDR(network)
	gw := net.ParseIP(via)
	if err != nil || gw == nil {
		return fmt.Errorf("route to %q via %q: want a network and an address", network, via)
	}
	if err := h.space.links.RouteAdd(&netlink.Route{Dst: dst, Gw: gw}); err != nil {
		return fmt.Errorf("route to %s via %s: %w", network, via, err)
	}
	return nil
}

// Forward makes the host a router between its wires.
func (h *Host) Forward() error {
	if err := h.space.sysctl("ipv4/ip_forward", "1"); err != nil {
		return err
	}
	return h.space.sysctl("ipv6/conf/all/forwarding", "1")
}

// Do runs f within the host's network: sockets that f opens on its own
// goroutine are the host's, and stay so when they are used elsewhere later. A
// goroutine that f starts is not in the host.
func (h *Host) Do(f func() error) error { return h.space.do(f) }

// Dial opens a connection from the host. The address must be numeric. It fits
// http.Transport's DialContext.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := h.Do(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Command is a program that will run in the host's network. It is the
// caller's to start and wait for; Close of the lab ends it if it still runs.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.space.name, name}, args...)...)
	cmd.Env = append(cmd.Environ(), marker+"="+h.lab.mark)
	return cmd
}

// Start starts a program in the host's network; the lab owns it and stops it
// on Close.
func (h *Host) Start(name string, args ...string) (*Process, error) {
	return h.start(nil, name, args...)
}

func (h *Host) start(env []string, name string, args ...string) (*Process, error) {
	ip, err := tool("ip")
	if err != nil {
		return nil, err
	}
	path, err := tool(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(ip, append([]string{"netns", "exec", h.space.name, path}, args...)...)
	cmd.Env = env
	return h.lab.start(h.unique(name), cmd)
}

// unique names a run of a program after the host, for its log.
func (h *Host) unique(program string) string {
	h.lab.mu.Lock()
	defer h.lab.mu.Unlock()
	h.runs++
	return fmt.Sprintf("%s-%s-%d", h.name, filepath.Base(program), h.runs)
}
