package lab

import "context"

// Relay is ISC's DHCPv4 relay agent (RFC 1542) on a host between two wires.
type Relay struct {
	Host   *Host
	Down   string   // interface of the clients
	Up     string   // interface of the servers
	Server string   // address to relay to
	Args   []string // further arguments, such as "-a" for option 82 (RFC 3046)
}

// Start starts dhcrelay and waits until it listens.
func (r Relay) Start(ctx context.Context) (*Process, error) {
	args := append([]string{"-4", "-d", "--no-pid", "-id", r.Down, "-iu", r.Up}, r.Args...)
	p, err := r.Host.Start("dhcrelay", append(args, r.Server)...)
	if err != nil {
		return nil, err
	}
	return p, waitReady(ctx, p, "Sending on   Socket/fallback")
}
