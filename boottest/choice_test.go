package boottest

import (
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// With --only and --once Spur answers the machine that it was told, and that
// one until it has booted, also after a restart, until it is re-armed.
func TestOnlyAndOnce(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	chosen := lab.Port{MAC: []byte{0x52, 0x54, 0x00, 0x99, 0x00, 0x01}}
	data := t.TempDir()
	args := []string{"--once", "--only", chosen.MAC.String(), "--data", data}
	spur := w.boot(args...)
	m := w.machine("chosen", lab.BIOS, chosen)
	stranger := w.machine("stranger", lab.BIOS, lab.Port{})
	w.up(m, spur)
	w.told(spur, stranger, `"step":"ignored".*--only`)
	w.check(stranger.Quit())

	w.check(spur.Stop())
	spur = w.boot(args...)
	again := w.machine("again", lab.BIOS, chosen)
	w.told(spur, again, `"step":"ignored".*--once`)
	w.check(w.home.Command(w.ctx, built.spur, "machine", "reset", chosen.MAC.String(), "--data", data).Run())
	w.check(again.Reset(w.ctx))
	w.up(again, spur)
}

// Without any DHCP server machines get no address, and Spur says so.
func TestNoDHCPServer(t *testing.T) {
	w := newWorld(t)
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{})
	w.told(spur, m, `"cause":"no-dhcp-server"`)
}

// A machine takes an address and never asks for its boot file, because our
// offers do not reach it.
func TestOfferIgnored(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{Filters: []lab.Filter{deafTo{homeAddr}}})
	w.told(spur, m, `"cause":"offer-ignored"`)
}

// Spur does not give addresses where another server does, unless told to.
func TestRefusesBesideAnotherServer(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	args := []string{"boot", built.kernel, "--dhcp", "server", "--pool", "10.77.0.100-10.77.0.110"}
	p, err := w.home.Start(built.spur, args...)
	w.check(err)
	if err := p.Wait(w.ctx); err == nil {
		t.Error("Spur gives addresses beside another server")
	}
	if _, err := p.WaitFor(w.ctx, `another DHCP server, 10\.77\.0\.2, answers on eth0`); err != nil {
		t.Error(err)
	}
	w.check(w.spur(append(args, "--force")...).Stop())
}

// A second Spur on the same host doesn't answer machines too, and finds its ports
// taken where it is to serve files only.
func TestSecondSpur(t *testing.T) {
	w := newWorld(t)
	w.boot()
	for _, second := range []struct {
		args []string
		says string
	}{
		{nil, `another Spur on this host, process \d+, answers DHCP on eth0(?s:.*)--interface`},
		{[]string{"--dhcp", "off"}, `port 80, for HTTP, is in use(?s:.*)--http-port`},
	} {
		p, err := w.home.Start(built.spur, append([]string{"boot", built.kernel}, second.args...)...)
		w.check(err)
		if err := p.Wait(w.ctx); err == nil {
			t.Errorf("two servers on one host, the second with %v", second.args)
		}
		if _, err := p.WaitFor(w.ctx, second.says); err != nil {
			t.Error(err)
		}
	}
}

// Spur ends within moments of being asked to, also in the middle of a boot.
func TestStops(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.BIOS, lab.Port{Filters: []lab.Filter{&slowWire{}}})
	w.amidKernel(spur, m)
	w.check(spur.Stop())
	select {
	case <-spur.Done():
	case <-time.After(time.Minute):
		t.Error("Spur still runs")
	}
}
