package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// Kea is ISC's DHCPv4 server.
type Kea struct {
	Host   *Host
	NIC    string // by default eth0
	Subnet string // "10.77.0.0/24"
	Pool   string // "10.77.0.50-10.77.0.99"

	// Subnet4 and Global are merged into the subnet's and Kea's own
	// configuration, such as {"boot-file-name": "undionly.kpxe"}.
	Subnet4 map[string]any
	Global  map[string]any
}

// Start starts kea-dhcp4 and waits until it serves.
func (k Kea) Start(ctx context.Context) (*Process, error) {
	return k.Host.startKea(ctx, "4", k.config())
}

// startKea starts the server of one version of DHCP.
func (h *Host) startKea(ctx context.Context, version string, server map[string]any) (*Process, error) {
	name := "kea-dhcp" + version
	dir := filepath.Join(h.lab.private, h.unique("kea"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of kea: %w", err)
	}
	server["lease-database"] = map[string]any{"type": "memfile", "persist": false}
	server["loggers"] = []any{map[string]any{
		"name": name, "severity": "INFO",
		"output_options": []any{map[string]any{"output": "stdout", "flush": true}},
	}}
	config, err := json.MarshalIndent(map[string]any{"Dhcp" + version: server}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("configuration of kea: %w", err)
	}
	path := filepath.Join(dir, name+".conf")
	if err := os.WriteFile(path, config, 0o644); err != nil {
		return nil, fmt.Errorf("configuration of kea: %w", err)
	}
	env := append(os.Environ(), "KEA_PIDFILE_DIR="+dir, "KEA_LOCKFILE_DIR="+dir)
	p, err := h.start(env, name, "-c", path)
	if err != nil {
		return nil, err
	}
	return p, waitReady(ctx, p, "DHCP"+version+"_STARTED")
}

func (k Kea) config() map[string]any {
	nic := orEth0(k.NIC)
	subnet := map[string]any{
		"id": 1, "subnet": k.Subnet, "interface": nic,
		"pools": []any{map[string]any{"pool": k.Pool}},
	}
	maps.Copy(subnet, k.Subnet4)
	config := map[string]any{
		"interfaces-config": map[string]any{"interfaces": []string{nic}, "dhcp-socket-type": "raw"},
		"valid-lifetime":    3600,
		"subnet4":           []any{subnet},
	}
	maps.Copy(config, k.Global)
	return config
}

// Kea6 is ISC's DHCPv6 server, which knows nothing of booting.
type Kea6 struct {
	Host   *Host
	NIC    string // by default eth0
	Addr   string // of the host, which relays send to; empty for the wire alone
	Subnet string // "fd77::/64"
	Pool   string // "fd77::50-fd77::99"
}

// Start starts kea-dhcp6 and waits until it serves.
func (k Kea6) Start(ctx context.Context) (*Process, error) {
	subnet := map[string]any{"id": 1, "subnet": k.Subnet, "pools": []any{map[string]any{"pool": k.Pool}}}
	on := []string{orEth0(k.NIC)}
	if k.Addr != "" {
		on = append(on, orEth0(k.NIC)+"/"+k.Addr)
	} else {
		subnet["interface"] = orEth0(k.NIC)
	}
	return k.Host.startKea(ctx, "6", map[string]any{
		"interfaces-config": map[string]any{"interfaces": on},
		"server-id":         map[string]any{"type": "LL", "persist": false},
		"valid-lifetime":    3600,
		"subnet6":           []any{subnet},
	})
}
