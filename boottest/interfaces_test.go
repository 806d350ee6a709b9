package boottest

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// sh runs a script on Spur's host.
func (w *world) sh(script string) {
	w.Helper()
	if out, err := w.home.Command(w.ctx, "sh", "-ec", script).CombinedOutput(); err != nil {
		w.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// says waits for a record of Spur's about an interface.
func (w *world) says(spur *lab.Process, step, iface string) {
	w.Helper()
	if _, err := spur.WaitFor(w.ctx, `"step":"interface-`+step+`","if":"`+regexp.QuoteMeta(iface)+`"`); err != nil {
		w.Fatal(err)
	}
}

// overBridge makes a bridge of Spur's host of its card, with the same address.
const overBridge = `ip addr flush dev eth0
ip link add lan0 type bridge forward_delay 0; ip link set eth0 master lan0
ip addr add ` + homeAddr + `/24 dev lan0; ip link set lan0 up`

// The bridge that Spur was told to serve is removed and made again: DHCP, TFTP
// and HTTP go on. Another interface comes, and is not served: it wasn't named.
func TestInterfaceMadeAgain(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	w.sh(overBridge)
	spur := w.boot("--interface", "lan0")
	w.sh("ip link del lan0")
	w.says(spur, "went", "lan0")
	w.sh("ip link add other0 type bridge; ip addr add 10.79.0.1/24 dev other0; ip link set other0 up")
	w.sh(overBridge)
	w.says(spur, "came", "lan0")
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.up(m, spur)
	w.told(spur, m, `"file":"undionly.kpxe"`)
	if strings.Contains(spur.String(), "other0") {
		t.Error("Spur speaks of an interface that is not its own")
	}
}

// Spur gives the addresses. A wire is plugged in that has another DHCP server:
// Spur says so and answers nobody there. A second one has none, and is served.
func TestInterfaceThatComes(t *testing.T) {
	w := newWorld(t)
	spur := w.boot("--dhcp", "server", "--pool", "10.77.0.40-10.77.0.41", "--pool", "10.79.0.50-10.79.0.51/24")
	w.sh("ip addr flush dev eth0")
	w.says(spur, "went", "eth0")
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	w.sh("ip addr add " + homeAddr + "/24 dev eth0")
	_, err := spur.WaitFor(w.ctx, `Spur answers no DHCP on eth0: another DHCP server, 10\.77\.0\.2, answers on eth0`)
	w.check(err)
	client, err := w.lab.Host("client", lab.On(w.wire))
	w.check(err)
	lease, err := client.UDHCPC(w.ctx, "eth0")
	w.check(err)
	if lease.Addr.Less(netip.MustParseAddr("10.77.0.50")) {
		w.Errorf("the client has %s: Spur gave it", lease.Addr)
	}
	w.sh("ip link add far0 type bridge; ip addr add 10.79.0.1/24 dev far0; ip link set far0 up")
	w.says(spur, "came", "far0")
}

// Spur's host is on two networks by one card, and the DHCP server gives
// addresses of the second: machines, which have no router, are told our address
// on that one, also the first of them, also while dnsmasq pings an address for
// three seconds before it offers it.
func TestSecondNetworkOfAnInterface(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		firmware lab.Firmware
		port     lab.Port
	}{{lab.BIOS, lab.Port{}}, {lab.UEFI, lab.Port{}}} {
		t.Run(string(f.firmware), func(t *testing.T) {
			w := newWorld(t)
			w.check(w.home.AddAddr("eth0", "10.77.8.1/24"))
			other := w.otherHost("dhcp", "10.77.8.2")
			p, err := other.Start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0", "--interface=eth0",
				"--pid-file=", "--dhcp-range=10.77.8.50,10.77.8.99,1h", "--dhcp-option=3", "--dhcp-leasefile="+t.TempDir()+"/leases")
			w.check(err)
			_, err = p.WaitFor(w.ctx, "started")
			w.check(err)
			spur := w.boot()
			m := w.machine("machine", f.firmware, f.port)
			w.up(m, spur)
			if !strings.Contains(m.Serial().String(), "spur.up=http://10.77.8.1/") {
				t.Error("the machine was not sent to the address on its network")
			}
		})
	}
}
