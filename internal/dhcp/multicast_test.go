package dhcp_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/dhcp"
)

// A listener that has joined a group hears what is sent to it, on interfaces that were
// there and on those that come, and is heard of by the kernel's neighbours.
func TestJoin(t *testing.T) {
	group := netip.MustParseAddr("224.0.1.2")
	toGroup := func(n byte) []byte {
		m := ask(request, ciaddr("192.0.2.9")).Message
		m.TransactionID[3] = n
		return dhcp.NewFrame(net.HardwareAddr{0x01, 0, 0x5e, 0, 1, 2}, senderMAC, netip.MustParseAddrPort("192.0.2.9:68"), netip.AddrPortFrom(group, dhcp.BootPort), dhcp.Marshal(m))
	}
	l, heard, send := twoNetworks(t)
	send(toGroup(1)) // is not for us
	for l.Counters().Elsewhere == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := l.Join(group); err != nil {
		t.Fatal(err)
	}
	send(toGroup(2))
	if p := <-heard; p.Message.TransactionID[3] != 2 || p.To != group || p.Port != dhcp.BootPort || p.Server != addr("192.0.2.1") {
		t.Errorf("heard %+v", p)
	}
	before := l.Interfaces()
	if err := l.Set(nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sh(t, "ip maddr show dev spur0"), group.String()) {
		t.Error("it is a member still")
	}
	if err := l.Set(before); err != nil {
		t.Fatal(err)
	}
	send(toGroup(3))
	if p := <-heard; p.Message.TransactionID[3] != 3 {
		t.Errorf("heard %+v", p)
	}
}
