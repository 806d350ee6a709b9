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
	dir := filepath.Join(k.Host.lab.private, k.Host.unique("kea"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of kea: %w", err)
	}
	config, err := json.MarshalIndent(map[string]any{"Dhcp4": k.config()}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("configuration of kea: %w", err)
	}
	path := filepath.Join(dir, "kea-dhcp4.conf")
	if err := os.WriteFile(path, config, 0o644); err != nil {
		return nil, fmt.Errorf("configuration of kea: %w", err)
	}
	env := append(os.Environ(), "KEA_PIDFILE_DIR="+dir, "KEA_LOCKFILE_DIR="+dir)
	p, err := k.Host.start(env, "kea-dhcp4", "-c", path)
	if err != nil {
		return nil, err
	}
	return p, waitReady(ctx, p, "DHCP4_STARTED")
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
		"lease-database":    map[string]any{"type": "memfile", "persist": false},
		"valid-lifetime":    3600,
		"subnet4":           []any{subnet},
		"loggers": []any{map[string]any{
			"name": "kea-dhcp4", "severity": "INFO",
			"output_options": []any{map[string]any{"output": "stdout", "flush": true}},
		}},
	}
	maps.Copy(config, k.Global)
	return config
}
