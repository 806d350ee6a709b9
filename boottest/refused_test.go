package boottest

import (
	"bytes"
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
// as HP laptops do (same transaction, seconds 0, 4, 12 and 28), is offered one
// shape after the other, over a new transaction too, until it takes one; the
// next time it is offered that at once.
func TestRefusedOffers(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	rom := w.pickyROM(w.otherHost("rom", "10.77.0.9"))
	shapes := []struct {
		name string
		has  func(heard) bool
	}{
		{"boot-server", func(h heard) bool { return h.ours.Options[43] == nil && h.ours.Options[67] != nil }},
		{"direct", func(h heard) bool { return bytes.Equal(h.ours.Options[43], []byte{6, 1, 8, 255}) }},
		{"menu", func(h heard) bool { return bytes.HasPrefix(h.ours.Options[43], []byte{6, 1, 3, 8, 7}) }},
		{"field-only", func(h heard) bool {
			return h.ours.Options[67] == nil && strings.HasSuffix(h.ours.BootFileName, "/snponly.efi")
		}},
		{"padded", func(h heard) bool { return bytes.HasSuffix(h.ours.Options[67], []byte("/snponly.efi\x00")) }},
		{"late", func(h heard) bool { return h.oursLast }},
	}
	for i, shape := range shapes {
		if i == 4 {
			rom.begin()
		}
		if offers := rom.discover(); !shape.has(offers) {
			t.Fatalf("the offer %d is not of the shape %s: %s", i+1, shape.name, offers.ours.Summary())
		}
		rom.told(spur, `"step":"offered".*"route":"uefi-x64-snponly"`)
	}
	rom.told(spur, `"step":"offered".*"shape":"late"`)
	rom.told(spur, `"cause":"offer-ignored".*another form`)
	rom.takes()
	if _, err := spur.WaitFor(w.ctx, `address [0-9.]+ from 10\.77\.0\.2, after an offer of the shape late`); err != nil {
		t.Error(err)
	}
	rom.told(spur, `"step":"boot-asked"`)
	if strings.Contains(spur.String(), "no-dhcp-server") {
		t.Error("a DHCP server that answered is said to be missing")
	}
	rom.begin()
	if offers := rom.discover(); !shapes[5].has(offers) {
		t.Errorf("the next boot begins with another shape: %s", offers.ours.Summary())
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
// edk2 it wants to be answered by broadcast, and repeats what it asks.
type pickyROM struct {
	*world
	conn  net.PacketConn
	mac   net.HardwareAddr
	asks  *dhcpv4.DHCPv4
	offer *dhcpv4.DHCPv4 // of an address, the latest
}

// heard is what a ROM was offered after one DISCOVER.
type heard struct {
	ours     *dhcpv4.DHCPv4
	oursLast bool // after the offer of an address
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
	r.begin()
	return r
}

// begin starts a transaction.
func (r *pickyROM) begin() {
	r.Helper()
	var err error
	r.asks, err = dhcpv4.NewDiscovery(r.mac, dhcpv4.WithBroadcast(true),
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier("PXEClient:Arch:00007:UNDI:003016")),
		dhcpv4.WithGeneric(dhcpv4.OptionClientSystemArchitectureType, []byte{0, 7}))
	r.check(err)
}

// discover asks, and returns what both servers offer. It asks anew only where
// nobody was heard: a wire that has just been plugged in may lose the first.
func (r *pickyROM) discover() (h heard) {
	r.Helper()
	theirs := false
	for h.ours == nil || !theirs {
		r.check(r.ctx.Err())
		if h.ours == nil && !theirs {
			r.send(r.asks, "255.255.255.255:67")
		}
		offer, err := r.hear()
		switch {
		case err != nil, offer.TransactionID != r.asks.TransactionID:
		case offer.YourIPAddr.IsUnspecified():
			h.ours, h.oursLast = offer, theirs
		default:
			r.offer, theirs = offer, true
		}
	}
	r.asks.NumSeconds += 4
	time.Sleep(time.Second) // firmware collects offers for 4 s at least
	return h
}

// takes asks for the address that was offered, and for the boot file.
func (r *pickyROM) takes() {
	r.Helper()
	request, err := dhcpv4.NewRequestFromOffer(r.offer, dhcpv4.WithBroadcast(true), dhcpv4.WithOption(dhcpv4.OptClassIdentifier("PXEClient:Arch:00007:UNDI:003016")))
	r.check(err)
	r.send(request, "255.255.255.255:67")
	r.send(request, homeAddr+":4011")
}

func (r *pickyROM) send(m *dhcpv4.DHCPv4, to string) {
	r.Helper()
	_, err := r.conn.WriteTo(m.ToBytes(), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
	r.check(err)
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
