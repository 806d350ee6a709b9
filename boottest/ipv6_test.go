package boottest

import (
	"regexp"
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

// machine6 is a machine without IPv4.
func (w *world) machine6(f lab.Firmware, args []string) *lab.Machine {
	w.Helper()
	m, err := w.lab.Boot("machine", lab.Hardware{
		Firmware: f, Ports: []lab.Port{{Wire: w.wire}},
		Args: append([]string{"-fw_cfg", "name=opt/org.tianocore/IPv4Support,string=n"}, args...),
	})
	w.check(err)
	return m
}

// TestIPv6 boots each kind of target by each protocol in each arrangement.
func TestIPv6(t *testing.T) {
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
