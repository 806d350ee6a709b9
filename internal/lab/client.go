package lab

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed lease.sh
var leaseScript []byte

// A Lease is what a DHCP client told its script.
type Lease struct {
	Addr netip.Addr

	// Env are the client's variables: "siaddr", "boot_file", "opt53" of
	// udhcpc; "new_ip_address", "new_next_server" of dhclient.
	Env map[string]string
}

// DHClient asks for a lease with ISC's dhclient on an interface ("eth0" if
// empty). The host is not configured with it. ctx bounds the wait.
func (h *Host) DHClient(ctx context.Context, nic string, args ...string) (*Lease, error) {
	script, err := h.leaseScript()
	if err != nil {
		return nil, err
	}
	nic = orEth0(nic)
	leases := filepath.Join(h.lab.private, h.unique("dhclient-leases"))
	args = append([]string{"-4", "-1", "-d", "-cf", "/dev/null", "-lf", leases, "--no-pid", "-sf", script}, args...)
	return h.lease(ctx, "new_ip_address", "(BOUND|REBOOT|RENEW|REBIND)", "dhclient", append(args, nic)...)
}

// UDHCPC asks for a lease with busybox's udhcpc on an interface ("eth0" if
// empty). The host is not configured with it. ctx bounds the wait. Arguments
// such as "-x", "0x5d:0007" or "-O", "bootfile" add options.
func (h *Host) UDHCPC(ctx context.Context, nic string, args ...string) (*Lease, error) {
	script, err := h.leaseScript()
	if err != nil {
		return nil, err
	}
	args = append([]string{"udhcpc", "-f", "-n", "-q", "-i", orEth0(nic), "-s", script}, args...)
	return h.lease(ctx, "ip", "(bound|renew)", "busybox", args...)
}

func orEth0(nic string) string {
	if nic == "" {
		return "eth0"
	}
	return nic
}

// leaseScript writes the script that both clients call.
func (h *Host) leaseScript() (string, error) {
	path := filepath.Join(h.lab.private, "lease.sh")
	// Clients that start at the same time must not find half a script, nor
	// one that is open for writing.
	h.lab.mu.Lock()
	defer h.lab.mu.Unlock()
	if isFile(path) {
		return path, nil
	}
	if err := os.WriteFile(path, leaseScript, 0o755); err != nil {
		return "", fmt.Errorf("script of DHCP clients: %w", err)
	}
	return path, nil
}

// lease runs a client until its script tells of a lease.
func (h *Host) lease(ctx context.Context, address, reason, program string, args ...string) (*Lease, error) {
	// Only what the client adds is of interest in its script's environment.
	p, err := h.start([]string{"PATH=" + os.Getenv("PATH")}, program, args...)
	if err != nil {
		return nil, err
	}
	told, err := p.WaitFor(ctx, `(?s)LEASE-BEGIN `+reason+`\n(.*?)LEASE-END`)
	_ = p.Stop()
	if err != nil {
		return nil, fmt.Errorf("no lease: %w", err)
	}
	return parseLease(told.Groups[1], address)
}

// assignment is a line of the script's output.
var assignment = regexp.MustCompile(`(?m)^(\w+)=(.*)$`)

func parseLease(text, address string) (*Lease, error) {
	lease := &Lease{Env: map[string]string{}}
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "PATH", "PWD", "SHLVL", "OLDPWD", "_", marker:
		default:
			lease.Env[m[1]] = strings.TrimSpace(m[2])
		}
	}
	var err error
	if lease.Addr, err = netip.ParseAddr(lease.Env[address]); err != nil {
		return nil, fmt.Errorf("lease without an address: %q", text)
	}
	return lease, nil
}
