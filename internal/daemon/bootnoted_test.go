package daemon

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/tftp"
)

// byName is the route of a name.
func byName(t *testing.T, name string) route.Route {
	t.Helper()
	if r, ok := route.ByID(route.Route{Name: name}.ID()); ok && r.Name == name {
		return r
	}
	t.Fatalf("there is no route %s", name)
	return route.Route{}
}

// A read request by itself, which can come from a forged address, notes no boot.
// A transfer that is acknowledged does.
func TestBootIsNotedOnceItIsAcknowledged(t *testing.T) {
	common, clients := newOffers(t, resolver.Static{Payload: answertest.Kernel()}), &decide.Clients{}
	common.Tree.Boots = clients
	f := &files{tree: common.Tree, events: timeline.New(timeline.Config{}), booted: func(boot.MAC) {}, clients: clients}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	served := serveFiles(ctx, t, &running, f, newNotices(Config{Out: io.Discard}))
	path := common.Tree.Names.Boot(answertest.Machine(1, boot.UEFI, boot.ROM), byName(t, "uefi-shim-grub")) + "/grub.cfg"
	here := netip.MustParseAddr("127.0.0.1")

	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: here.AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	request := "\x00\x01" + path + "\x00octet\x00"
	if _, err := conn.WriteToUDPAddrPort([]byte(request), netip.MustParseAddrPort(served.tftp)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer := make([]byte, 4)
	if _, _, err := conn.ReadFromUDPAddrPort(answer); err != nil && answer[1] != 3 {
		t.Fatalf("the answer is %x, %v", answer, err)
	}
	_ = conn.Close() // what comes now is told that the port is closed
	if _, _, ok := clients.Boot(here); ok {
		t.Error("a boot is noted by a read request alone")
	}
	if _, err := new(tftp.Client).Get(ctx, served.tftp, path, io.Discard); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if c, r, ok := clients.Boot(here); ok && c.MAC[5] == 1 && r.Shim {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("an acknowledged transfer notes no boot")
		}
	}
}
