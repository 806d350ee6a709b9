package tftp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/tftp"
)

// request6 sends a request as edk2 does over IPv6: from a port that takes what comes from the
// server's own alone. It stays so for a while after the answer is on its way. What comes from
// other ports is refused, or swallowed by another socket.
func request6(t *testing.T, server netip.AddrPort, started <-chan struct{}, request string, swallow bool) *net.UDPAddr {
	t.Helper()
	lax := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
	}}
	taken, err := lax.ListenPacket(t.Context(), "udp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.LocalAddr().(*net.UDPAddr)
	if swallow {
		defer taken.Close()
	} else {
		taken.Close()
	}
	conn, err := (&net.Dialer{LocalAddr: port, Control: lax.Control}).DialContext(t.Context(), "udp6", server.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	<-started
	time.Sleep(30 * time.Millisecond)
	return port
}

func files6() (server *tftp.Server, started chan struct{}) {
	started = make(chan struct{}, 1)
	server = &tftp.Server{
		Timeout: time.Minute, // so that nothing is sent again for want of an answer
		Read:    func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 600)), nil },
		Hooks:   tftp.Hooks{Start: func(*tftp.Transfer) { started <- struct{}{} }},
	}
	return server, started
}

// ask6 sends a request as edk2 does over IPv6, opens its port to the answer, and hears that. It
// asks again where a busy computer let it open the port too late.
func ask6(t *testing.T, server netip.AddrPort, started <-chan struct{}, request, want string, swallow bool) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	buf := make([]byte, 2048)
	for range 3 {
		conn, err := net.ListenUDP("udp6", request6(t, server, started, request, swallow))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, tid, err := conn.ReadFromUDPAddrPort(buf)
		if err == nil && string(buf[:n]) == want {
			return conn, tid
		}
		t.Logf("%q, %v", buf[:n], err)
		conn.Close()
	}
	t.Fatal("no answer came once the port was open")
	return nil, netip.AddrPort{}
}

// A client of IPv6 that opens its port to the answer a little later gets it.
func TestPortOpensAfterTheAnswer(t *testing.T) {
	for name, c := range map[string]struct{ request, want string }{
		"size":    {"\x00\x01f\x00octet\x00tsize\x000\x00blksize\x001228\x00", "\x00\x06tsize\x00600\x00blksize\x001228\x00"},
		"options": {"\x00\x01f\x00octet\x00blksize\x001228\x00", "\x00\x06blksize\x001228\x00"},
		"plain":   {"\x00\x01f\x00octet\x00", data(1, make([]byte, 512))},
	} {
		for _, swallow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, swallow=%v", name, swallow), func(t *testing.T) {
				server, started := files6()
				over := ends(server)
				conn, tid := ask6(t, startOn(t, server, netip.IPv6Loopback()), started, c.request, c.want, swallow)
				defer conn.Close()
				r := &rom{t, conn}
				r.send(tid, "\x00\x05\x00\x00enough\x00")
				<-over
			})
		}
	}
}

// One whose port stays closed is sent the first packet once more, and is gone then.
func TestPortStaysClosed(t *testing.T) {
	server, started := files6()
	over := ends(server)
	address := startOn(t, server, netip.IPv6Loopback())
	request6(t, address, started, "\x00\x01f\x00octet\x00", false)
	if e := <-over; e.reason != tftp.Gone || e.stats.Packets != 2 {
		t.Errorf("ended with %v, %v, %+v", e.reason, e.err, e.stats)
	}
	request6(t, address, started, "\x00\x01f\x00octet\x00tsize\x000\x00", false)
	if e := <-over; e.reason != tftp.SizeProbe {
		t.Errorf("ended with %v, %v, %+v", e.reason, e.err, e.stats)
	}
}
