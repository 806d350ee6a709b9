package boottest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

const (
	home6Addr  = "fd77::1"
	dhcp6Addr  = "fd77::2"
	dhcp6Range = "fd77::50,fd77::99,slaac,64"
)

// newWorld6 is a lab whose wire has IPv6, without a router of the lab's own.
func newWorld6(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := newWire(t)
	var err error
	w.home, err = w.lab.Host("spur", lab.On(w.wire, homeAddr+"/24", home6Addr+"/64"))
	w.check(err)
	return w
}

// foreignDHCP6 starts dnsmasq with addresses and router advertisements, which
// knows nothing of booting.
func (w *world) foreignDHCP6() *lab.Process {
	w.Helper()
	h, err := w.lab.Host("dhcp6", lab.On(w.wire, dhcp6Addr+"/64"))
	w.check(err)
	p, err := lab.DNSMasq{Host: h, Range: dhcp6Range, Args: []string{"--enable-ra"}}.Start(w.ctx)
	w.check(err)
	return p
}

// arrangements6 are the ways in which IPv6 addresses are given.
var arrangements6 = []struct {
	name  string
	start func(*world, ...string) *lab.Process
}{
	{"beside a DHCPv6 server", func(w *world, target ...string) *lab.Process {
		w.foreignDHCP6()
		return w.spur(append([]string{"boot"}, target...)...)
	}},
	{"as the only server", func(w *world, target ...string) *lab.Process {
		return w.spur(append([]string{"boot", "--dhcp", "server", "--pool", "fd77::50-fd77::99", "--ra"}, target...)...)
	}},
}

// protocols6 are the ways in which firmware asks over IPv6, without IPv4. HTTP
// Boot fails at once where it is the first that asks, before the card has its
// link-local address: the boot menu gives it the time.
var protocols6 = []struct {
	name     string
	firmware lab.Firmware
	args     []string
	route    string
}{
	{"PXE", lab.UEFI, nil, "uefi-tftp6"},
	{"HTTP", lab.UEFIHTTP, []string{"-boot", "menu=on,splash-time=5000"}, "uefi-http"},
}

// noIPv4 are QEMU's arguments by which edk2 does without IPv4.
var noIPv4 = []string{"-fw_cfg", "name=opt/org.tianocore/IPv4Support,string=n"}

// machine6 is a machine without IPv4.
func (w *world) machine6(f lab.Firmware, args []string) *lab.Machine {
	w.Helper()
	return w.machine6On(w.wire, f, args)
}

func (w *world) machine6On(wire *lab.Wire, f lab.Firmware, args []string) *lab.Machine {
	w.Helper()
	m, err := w.lab.Boot("machine", lab.Hardware{
		Firmware: f, Ports: []lab.Port{{Wire: wire}},
		Args: append(slices.Clone(noIPv4), args...),
	})
	w.check(err)
	return m
}

// TestIPv6 boots each kind of target by each protocol in each arrangement.
func TestIPv6(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements6 {
		for _, p := range protocols6 {
			t.Run(p.name+" "+a.name+", UKI", func(t *testing.T) {
				w := newWorld6(t)
				spur := a.start(w, bootLine()[1:]...)
				m := w.machine6(p.firmware, p.args)
				w.up6(m, spur)
				w.took(spur, m, p.route)
			})
			t.Run(p.name+" "+a.name+", EFI application", func(t *testing.T) {
				w := newWorld6(t)
				spur := a.start(w, w.application("console=ttyS0 by=itself no_timer_check"))
				m := w.machine6(p.firmware, p.args)
				if up, err := m.WaitFor(w.ctx, lab.Up); err != nil || !strings.Contains(up.Groups[0], "by=itself") {
					w.Fatalf("%v, the command line is %q\nSpur says:\n%s", err, up.Groups, spur.Tail(40))
				}
				w.took(spur, m, p.route)
			})
		}
	}
}

// edk2 that has missed an answer of TFTP gets it again before it asks from another port, and
// boots by PXE.
func TestMissedAnswerOverIPv6(t *testing.T) {
	w := newWorld6(t)
	spur := arrangements6[1].start(w, bootLine()[1:]...)
	lost := &losesFirstOACKs{ports: map[uint16]bool{}}
	m, err := w.lab.Boot("machine", lab.Hardware{
		Firmware: lab.UEFI, Ports: []lab.Port{{Wire: w.wire, Filters: []lab.Filter{lost}}}, Args: noIPv4,
	})
	w.check(err)
	w.up6(m, spur)
	w.took(spur, m, "uefi-tftp6")
}

// up6 waits until a machine has said over IPv6 that it is up, with everything
// that it was to be given, and until Spur has told so.
func (w *world) up6(m *lab.Machine, spur *lab.Process) {
	w.Helper()
	at, err := m.WaitFor(w.ctx, lab.Up)
	if err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	if files := at.Groups[1]; files != "/extra/one /extra/two" {
		w.Errorf("%s has the files [%s]: the initrds were not merged", m.Name(), files)
	}
	if line := at.Groups[0]; !regexp.MustCompile(`spur\.note=http://\[fd77::1\]/\S+/note\.txt spur\.up=http://\[fd77::1\]/\S+/up`).MatchString(line) {
		w.Errorf("%s has the command line %q", m.Name(), line)
	}
	if _, err := m.WaitFor(w.ctx, lab.Fetched); err != nil {
		w.Error(err)
	}
	w.told(spur, m, `"step":"up"`)
}

// iPXE asks over IPv6 as firmware does, and finds its script, and all that is
// in it, there. This host has no IPv4, and nothing of which to make an EFI
// application, so that the firmware is given iPXE.
func TestIPXEOverIPv6(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	var err error
	w.home, err = w.lab.Host("spur", lab.On(w.wire, home6Addr+"/64"))
	w.check(err)
	spur := w.bootWithout("/usr/lib/systemd/boot/efi", "--interface", "eth0", "--dhcp", "server", "--pool", "fd77::/64", "--ra")
	m := w.machine6(lab.UEFI, nil)
	w.up6(m, spur)
	w.took(spur, m, "uefi-x64-snponly", "ipxe-http")
}

// Where machines make themselves addresses and ask DHCPv6 for all else (flag O),
// iPXE takes its script from Spur beside any other server.
func TestIPXEWithAnAddressOfItsOwn(t *testing.T) {
	w := newWorld6(t)
	router, err := w.lab.Host("router", lab.On(w.wire, "fd77::3/64"))
	w.check(err)
	w.check(router.Forward())
	_, err = lab.Radvd{Host: router, Prefix: "fd77::/64", Other: true}.Start(w.ctx)
	w.check(err)
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{})
	w.up6(m, spur)
	w.took(spur, m, "ipxe-http")
}

// A machine on whose wire nobody gives IPv4 addresses goes on to IPv6, and is one
// machine in one attempt all the way.
func TestIPv6AfterIPv4(t *testing.T) {
	w := newWorld6(t)
	w.foreignDHCP6()
	spur := w.boot()
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: w.wire}}})
	w.check(err)
	w.up6(m, spur)
	w.took(spur, m, "uefi-x64-snponly", "uefi-tftp6")
	if strings.Contains(spur.String(), `"attempt":2`) {
		t.Errorf("one boot is told as several:\n%s", spur.Tail(40))
	}
}

// Where Spur gives IPv6 addresses alone, it is a proxy over IPv4.
func TestProxyBesideOwnIPv6(t *testing.T) {
	w := newWorld6(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot("--dhcp", "server", "--pool", "fd77::/64", "--ra")
	m := w.machine("machine", lab.UEFI, lab.Port{})
	w.up(m, spur)
	w.took(spur, m, "uefi-x64-snponly", "ipxe-http")
}

// farWire6 is a wire behind a router that advertises itself there and relays
// DHCPv6 to the given servers.
func (w *world) farWire6(servers ...string) *lab.Wire {
	w.Helper()
	far, err := w.lab.Wire("far")
	w.check(err)
	router, err := w.lab.Host("router", lab.On(w.wire, "fd77::3/64"), lab.On(far, "fd78::1/64"))
	w.check(err)
	w.check(router.Forward())
	_, err = lab.Radvd{Host: router, NIC: "eth1", Prefix: "fd78::/64", Managed: true}.Start(w.ctx)
	w.check(err)
	args := []string{"-6", "-d", "--no-pid", "-I", "-l", "eth1"}
	for _, s := range servers {
		args = append(args, "-u", s+"%eth0")
	}
	relay, err := router.Start("dhcrelay", args...)
	w.check(err)
	_, err = relay.WaitFor(w.ctx, "Sending on")
	w.check(err)
	w.check(w.home.AddRoute("fd78::/64", "fd77::3"))
	return far
}

// A machine behind a relay gets its address from Kea and its boot offer from
// Spur, to which the relay sends its requests as well.
func TestRelayBesideDHCPv6Server(t *testing.T) {
	w := newWorld6(t)
	other, err := w.lab.Host("dhcp6", lab.On(w.wire, dhcp6Addr+"/64"))
	w.check(err)
	_, err = lab.Kea6{Host: other, Addr: dhcp6Addr, Subnet: "fd78::/64", Pool: "fd78::50-fd78::99"}.Start(w.ctx)
	w.check(err)
	far := w.farWire6(home6Addr, dhcp6Addr)
	spur := w.boot()
	m := w.machine6On(far, lab.UEFI, nil)
	w.up6(m, spur)
	w.took(spur, m, "uefi-tftp6")
	w.told(spur, m, `"step":"chose".*"addr":"fd78::`)
}

// A machine behind a relay gets its address from the pool of its own network, and
// its files through the router.
func TestRelayIPv6(t *testing.T) {
	w := newWorld6(t)
	far := w.farWire6(home6Addr)
	spur := w.boot("--dhcp", "server", "--pool", "fd77::/64", "--pool", "fd78::50-fd78::99/64")
	m := w.machine6On(far, lab.UEFIHTTP, protocols6[1].args)
	w.up6(m, spur)
	w.took(spur, m, "uefi-http")
	w.told(spur, m, `"step":"leased".*"addr":"fd78::`)
}

// Spur gives no IPv6 addresses where another server does, and advertises nothing
// where another router does, but works beside them.
func TestOtherServersOverIPv6(t *testing.T) {
	w := newWorld6(t)
	server := w.foreignDHCP6()
	refused := func(pattern string, args ...string) {
		p, err := w.home.Start(built.spur, append([]string{"boot", built.kernel, "--dhcp", "server", "--pool", "fd77::/64"}, args...)...)
		w.check(err)
		_, err = p.WaitFor(w.ctx, pattern)
		w.check(err)
		if err := p.Wait(w.ctx); err == nil {
			t.Errorf("Spur ends well with %v", args)
		}
	}
	refused(`another DHCPv6 server, f\S+, answers on eth0`)
	w.check(server.Stop())
	router, err := w.lab.Host("router", lab.On(w.wire, "fd77::4/64"))
	w.check(err)
	w.check(router.Forward())
	_, err = lab.Radvd{Host: router, Prefix: "fd77::/64", Other: true}.Start(w.ctx)
	w.check(err)
	refused("another router, fe80::.*, advertises itself on eth0", "--ra")
	w.check(w.boot("--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99").Stop())
	w.check(w.boot("--dhcp", "server", "--pool", "fd77::/64", "--ra", "--force").Stop())
}

// A host whose kernel has IPv6 switched off serves IPv4 as ever.
func TestHostWithoutIPv6(t *testing.T) {
	w := newWire(t)
	w.home = w.otherHost("spur", homeAddr)
	w.check(w.home.Command(w.ctx, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6").Run())
	spur := w.boot("--secure-boot", "off") // of which it would warn where this host's GRUB is an old one
	if out, err := w.home.Command(w.ctx, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://"+homeAddr+"/").Output(); string(out) != "404" {
		t.Errorf("over IPv4 there is %s, %v", out, err)
	}
	if strings.Contains(spur.String(), "warning") {
		t.Errorf("Spur warns:\n%s", spur)
	}
}
