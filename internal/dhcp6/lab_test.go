package dhcp6_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/leases"
)

// patience bounds every wait for another program. It is no expectation: tests
// wait for what happens, not for time.
const patience = 60 * time.Second

func newLab(t testing.TB) *lab.Lab {
	t.Helper()
	l, err := lab.New(t.Context(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func newWire(t testing.TB, l *lab.Lab, name string) *lab.Wire {
	t.Helper()
	w, err := l.Wire(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newHost(t testing.TB, l *lab.Lab, name string, nics ...lab.NIC) *lab.Host {
	t.Helper()
	h, err := l.Host(name, nics...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// interfaces waits until the host's interface has a link-local address that is
// known to be unique, and returns what there is.
func interfaces(t testing.TB, h *lab.Host, names ...string) []dhcp6.Interface {
	t.Helper()
	var s dhcp6.Survey
	eventually(t, fmt.Sprint(names, " can serve"), func() bool {
		if err := h.Do(func() (err error) { s, err = dhcp6.Look(names); return err }); err != nil {
			t.Fatal(err)
		}
		return len(s.Serving) == len(names)
	})
	return s.Serving
}

// ready waits until a host can send from its link-local address.
func ready(t testing.TB, h *lab.Host) { t.Helper(); interfaces(t, h, "eth0") }

// station is a listener that runs in a host, with what it heard.
type station struct {
	*dhcp6.Listener
	mu    sync.Mutex
	heard []dhcp6.Packet
	out   []dhcp6.Outcome
}

// answering says what is replied to a packet.
type answering func(dhcp6.Packet) (*dhcpv6.Message, dhcp6.Outcome)

func listen(t testing.TB, h *lab.Host, answer answering, nics ...string) *station {
	t.Helper()
	s := &station{Listener: dhcp6.NewListener(dhcp6.Hooks{
		Malformed: func(iface string, from netip.Addr, err error) { t.Logf("%s, %s: %v", iface, from, err) },
		Panicked:  func(iface string, value any, stack []byte) { t.Errorf("%s: %v\n%s", iface, value, stack) },
	})}
	on := interfaces(t, h, nics...)
	if err := h.Do(func() error { return s.Set(on) }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx, func(p dhcp6.Packet) { s.handle(t, p, answer) }) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *station) handle(t testing.TB, p dhcp6.Packet, answer answering) {
	reply, out := answer(p)
	s.mu.Lock()
	s.heard, s.out = append(s.heard, p), append(s.out, out)
	s.mu.Unlock()
	if reply == nil {
		return
	}
	if err := s.Send(p, reply); err != nil {
		t.Log(err)
	}
}

// packets are those that were heard so far.
func (s *station) packets() []dhcp6.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]dhcp6.Packet(nil), s.heard...)
}

func newServer(t testing.TB, c dhcp6.ServerConfig, pools ...dhcp6.Pool) *dhcp6.Server {
	t.Helper()
	c.Pools = pools
	if c.ID == nil {
		c.ID = dhcp6.ServerID([]byte("a key"))
	}
	if c.Store == nil {
		c.Store = &leases.MemoryStore{}
	}
	s, err := dhcp6.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pool(prefix, first, last string) dhcp6.Pool {
	return dhcp6.Pool{
		Prefix: netip.MustParsePrefix(prefix), First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last),
		DNS: []netip.Addr{netip.MustParseAddr("fd77::53")},
	}
}
