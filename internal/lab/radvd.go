package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Radvd sends router advertisements from an interface of a host, which is a
// router (see Host.Forward).
type Radvd struct {
	Host   *Host
	NIC    string // by default eth0
	Prefix string // "fd77::/64", in which machines may make themselves addresses
	// Managed has machines ask DHCPv6 for addresses, Other for all else alone.
	Managed, Other bool
}

// Start starts radvd and waits until it hears its own advertisement: while its
// address is tentative (RFC 4862, section 5.4), it neither sends any nor answers.
func (r Radvd) Start(ctx context.Context) (*Process, error) {
	path := filepath.Join(r.Host.lab.private, r.Host.unique("radvd"))
	onOff := map[bool]string{true: "on", false: "off"}
	config := fmt.Sprintf("interface %s {\n AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;\n AdvManagedFlag %s; AdvOtherConfigFlag %s;\n prefix %s { AdvOnLink on; AdvAutonomous on; };\n};\n",
		orEth0(r.NIC), onOff[r.Managed], onOff[r.Other], r.Prefix)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("configuration of radvd: %w", err)
	}
	p, err := r.Host.Start("radvd", "--nodaemon", "--logmethod=stderr", "--debug=3", "--config="+path, "--pidfile="+path+".pid")
	if err != nil {
		return nil, err
	}
	return p, waitReady(ctx, p, `received RA from: \S+ \(myself\)`)
}
