package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// DNSMasq is a foreign DHCP server, and if wanted a TFTP server.
type DNSMasq struct {
	Host *Host
	NIC  string // by default eth0

	// Range is dnsmasq's --dhcp-range, such as "10.77.0.50,10.77.0.99,1h" or
	// "10.77.0.0,proxy". Without one only TFTP is served.
	Range string

	TFTPRoot string   // folder to serve by TFTP
	Args     []string // further arguments, such as "--dhcp-boot=undionly.kpxe"
}

// readyWait is how long a server may take to say that it is ready.
const readyWait = 20 * time.Second

// Start starts dnsmasq and waits until it serves. Its log is the process's
// output.
func (d DNSMasq) Start(ctx context.Context) (*Process, error) {
	p, err := d.Host.Start("dnsmasq", append(d.arguments(), d.Args...)...)
	if err != nil {
		return nil, err
	}
	// It writes "started" before its sockets are open, and then one line for
	// each thing it serves.
	ready := "DHCP, sockets bound exclusively"
	if d.Range == "" {
		ready = "TFTP root is"
	}
	return p, waitReady(ctx, p, ready)
}

func (d DNSMasq) arguments() []string {
	args := []string{"--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0",
		"--interface=" + orEth0(d.NIC), "--bind-interfaces", "--pid-file=", "--no-resolv", "--no-hosts"}
	if d.Range != "" {
		leases := filepath.Join(d.Host.lab.private, d.Host.unique("leases"))
		// Its ping before an offer takes three seconds.
		args = append(args, "--dhcp-range="+d.Range, "--log-dhcp", "--no-ping", "--dhcp-leasefile="+leases)
	}
	if d.TFTPRoot != "" {
		args = append(args, "--enable-tftp", "--tftp-root="+d.TFTPRoot)
	}
	return args
}

func waitReady(ctx context.Context, p *Process, pattern string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWait, fmt.Errorf("not ready after %v", readyWait))
	defer cancel()
	_, err := p.WaitFor(ctx, pattern)
	if err == nil {
		return nil
	}
	_ = p.Stop()
	return fmt.Errorf("%s: %w", p.name, err)
}
