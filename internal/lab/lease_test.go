package lab

import (
	"strings"
	"testing"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func inPool(l *Lease, prefix string) bool { return strings.HasPrefix(l.Addr.String(), prefix) }

// The clients get a lease and a boot file from dnsmasq.
func TestLeases(t *testing.T) {
	ctx, l := start(t)
	w := wire(t, l, "wire")
	server := host(t, l, "server", On(w, "10.77.0.1/24"))
	client := host(t, l, "client", On(w))
	must[*Process](t)(DNSMasq{Host: server, Range: "10.77.0.50,10.77.0.99,1h", Args: []string{"--dhcp-boot=loader"}}.Start(ctx))

	lease := must[*Lease](t)(client.UDHCPC(ctx, "", "-O", "bootfile"))
	if !inPool(lease, "10.77.0.") || lease.Env["siaddr"] != "10.77.0.1" || lease.Env["bootfile"] != "loader" {
		t.Errorf("udhcpc: %+v", lease)
	}
	lease = must[*Lease](t)(client.DHClient(ctx, "eth0"))
	if !inPool(lease, "10.77.0.") || lease.Env["new_dhcp_server_identifier"] != "10.77.0.1" {
		t.Errorf("dhclient: %+v", lease)
	}
	for key := range lease.Env {
		if strings.Contains(key, "SPUR") || key == "PATH" || key == "HOME" {
			t.Errorf("the lease has our own %s", key)
		}
	}
}

// A client gets its lease from Kea on another wire, through a relay.
func TestLeaseThroughRelay(t *testing.T) {
	ctx, l := start(t)
	up, down := wire(t, l, "up"), wire(t, l, "down")
	server := host(t, l, "server", On(up, "10.77.0.1/24"))
	relay := host(t, l, "relay", On(up, "10.77.0.254/24"), On(down, "10.78.0.254/24"))
	client := host(t, l, "client", On(down))
	if err := server.AddRoute("10.78.0.0/24", "10.77.0.254"); err != nil {
		t.Fatal(err)
	}
	if err := relay.Forward(); err != nil {
		t.Fatal(err)
	}
	kea := must[*Process](t)(Kea{Host: server, Subnet: "10.78.0.0/24", Pool: "10.78.0.50-10.78.0.99", Subnet4: map[string]any{"boot-file-name": "loader"}}.Start(ctx))
	agent := must[*Process](t)(Relay{Host: relay, Down: "eth1", Up: "eth0", Server: "10.77.0.1"}.Start(ctx))
	lease, err := client.UDHCPC(ctx, "eth0")
	if err != nil {
		t.Fatalf("%v\nkea:\n%s\nrelay:\n%s", err, kea, agent)
	}
	if !inPool(lease, "10.78.0.") || lease.Env["boot_file"] != "loader" {
		t.Errorf("%+v", lease)
	}
}
