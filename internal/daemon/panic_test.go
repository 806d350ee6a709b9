package daemon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/tftp"
)

// fragile fails badly over one machine.
type fragile struct{ boot.Resolver }

func (f fragile) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if c.MAC[5] == 13 {
		panic("thirteen")
	}
	return f.Resolver.Resolve(ctx, c)
}

// A fault that one machine's request meets costs that machine its answer. It is
// reported with its stack, and all others are served, over every protocol.
func TestAFaultHarmsNobodyElse(t *testing.T) {
	var log lockedBuffer
	v := newNotices(Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	r := fragile{resolver.Static{Payload: answertest.Kernel()}}
	var replies []*dhcpv4.DHCPv4
	o := &answer.Offers4{Offers: newOffers(t, r), Send: func(_ dhcp.Packet, reply *dhcpv4.DHCPv4) error {
		replies = append(replies, reply)
		return nil
	}}
	o.Panicked = v.panicked
	f := &files{
		tree: o.Tree, events: timeline.New(timeline.Config{}), booted: func(boot.MAC) {},
		clients: &decide.Clients{},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	web := serveFiles(ctx, t, &running, f, v)

	bad, good := answertest.Machine(13, boot.UEFI, boot.IPXE), answertest.Machine(14, boot.UEFI, boot.IPXE)
	path := func(c boot.Client) string { return o.Tree.Path(c, route.Configured(boot.IPXE, route.HTTP)) }
	for _, c := range []boot.Client{bad, good} {
		o.Handle(ctx, scriptRequest(c))
		o.Wait()
	}
	if len(replies) != 1 || replies[0].ClientHWAddr.String() != good.MAC.String() {
		t.Errorf("DHCP: %d replies", len(replies))
	}
	if err := web.get(t, path(bad)); err == nil {
		t.Error("HTTP: the fault was answered")
	}
	if err := web.get(t, path(good)); err != nil {
		t.Error("HTTP:", err)
	}
	if _, err := new(tftp.Client).Get(ctx, web.tftp, path(bad), io.Discard); err == nil {
		t.Error("TFTP: the fault was answered")
	}
	if _, err := new(tftp.Client).Get(ctx, web.tftp, path(good), io.Discard); err != nil {
		t.Error("TFTP:", err)
	}
	cancel()
	running.Wait() // what a server tells may come after what it answers
	// A TFTP client repeats a request that isn't answered soon.
	for where, most := range map[string]int{"DHCP request of 52:54:00:00:00:0d": 1, "HTTP request of 127.0.0.1": 1, "TFTP request of 127.0.0.1": 10} {
		if n := strings.Count(log.String(), where); n < 1 || n > most {
			t.Errorf("%q is reported %d times in %s", where, n, log.String())
		}
	}
	if n := strings.Count(log.String(), "fragile.Resolve"); n < 3 {
		t.Errorf("%d of 3 stacks name the place", n)
	}
}

// lockedBuffer may be written to by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// served is where serveFiles serves.
type served struct{ http, tftp string }

func (s served) get(t *testing.T, path string) error {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Get("http://" + s.http + "/" + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// serveFiles serves f on free ports of the loopback, with the hooks that run
// uses, until ctx ends.
func serveFiles(ctx context.Context, t *testing.T, running *sync.WaitGroup, f *files, v *notices) served {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	web, trivial := f.httpServer(v, route.HTTP), f.tftpServer(v)
	running.Go(func() {
		if err := web.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() {
		if err := trivial.Serve(ctx, conn); err != nil {
			t.Error(err)
		}
	})
	return served{ln.Addr().String(), conn.LocalAddr().String()}
}
