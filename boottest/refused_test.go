package boottest

import (
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/lab"
)

// A ROM that hears an address and Spur's offer, and only repeats its DISCOVER,
// is offered one form after the other. Spur knows that a DHCP server is there.
func TestRefusedOffers(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	rom := w.pickyROM(w.otherHost("rom", "10.77.0.9"))
	var last *dhcpv4.DHCPv4
	for _, pause := range []time.Duration{0, 4, 7, 11} {
		time.Sleep(pause * time.Second)
		last = rom.discover()
	}
	for _, route := range []string{"uefi-x64-snponly", "uefi-x64-ipxe"} {
		rom.told(spur, `"step":"offered".*"route":"`+route+`"`)
	}
	if last.Options[43] == nil {
		t.Errorf("the last offer has the form of the first: %s", last.Summary())
	}
	rom.told(spur, `"cause":"offer-ignored".*another form`)
	rom.told(spur, `"step":"offered".*"route":"uefi-x64-direct"`)
	if strings.Contains(spur.String(), "no-dhcp-server") {
		t.Error("a DHCP server that answered is said to be missing")
	}
}

// told waits for a record of Spur's about the ROM.
func (r *pickyROM) told(spur *lab.Process, pattern string) {
	r.Helper()
	if _, err := spur.WaitFor(r.ctx, `(?m)^.*`+r.mac.String()+`.*`+pattern+`.*$`); err != nil {
		r.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
}

// pickyROM is a UEFI machine that is not content with what it is offered. Like
// edk2 it wants to be answered by broadcast.
type pickyROM struct {
	*world
	conn net.PacketConn
	mac  net.HardwareAddr
}

func (w *world) pickyROM(h *lab.Host) *pickyROM {
	w.Helper()
	r := &pickyROM{world: w, mac: net.HardwareAddr{0x52, 0x54, 0, 0, 8, 2}}
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), "eth0") })
		if failed != nil {
			return failed
		}
		return err
	}}
	w.check(h.Do(func() (err error) {
		r.conn, err = listen.ListenPacket(w.ctx, "udp4", "0.0.0.0:68")
		return err
	}))
	w.Cleanup(func() { _ = r.conn.Close() })
	return r
}

// discover asks until both servers have made an offer, and returns Spur's. A
// wire that has just been plugged in may lose the first.
func (r *pickyROM) discover() (ours *dhcpv4.DHCPv4) {
	r.Helper()
	m, err := dhcpv4.NewDiscovery(r.mac, dhcpv4.WithBroadcast(true),
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier("PXEClient:Arch:00007:UNDI:003016")),
		dhcpv4.WithGeneric(dhcpv4.OptionClientSystemArchitectureType, []byte{0, 7}))
	r.check(err)
	to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("255.255.255.255:67"))
	for theirs := false; ours == nil || !theirs; {
		r.check(r.ctx.Err())
		_, err = r.conn.WriteTo(m.ToBytes(), to)
		r.check(err)
		for n := 0; n < 2; n++ {
			offer, err := r.hear()
			if err != nil {
				break
			}
			if offer.YourIPAddr.IsUnspecified() {
				ours = offer
			} else {
				theirs = true
			}
		}
	}
	return ours
}

// hear waits for an offer for a while.
func (r *pickyROM) hear() (*dhcpv4.DHCPv4, error) {
	b := make([]byte, 2048)
	r.check(r.conn.SetReadDeadline(time.Now().Add(2 * time.Second)))
	n, _, err := r.conn.ReadFrom(b)
	if err != nil {
		return nil, err
	}
	return dhcpv4.FromBytes(b[:n])
}

// A DHCP server whose first offer comes after firmware's first wait has its
// address taken when the second wait ends, at 12 s. That is no stall.
func TestSlowDHCPServer(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	m := w.machine("machine", lab.UEFI, lab.Port{Filters: []lab.Filter{&deafAtFirst{deafTo: deafTo{dhcpAddr}}}})
	w.up(m, spur)
	if strings.Contains(spur.String(), `"step":"verdict"`) {
		t.Errorf("a boot that went well was given up:\n%s", spur.Tail(40))
	}
}
