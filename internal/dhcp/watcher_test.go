package dhcp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"

	"github.com/spurboot/spur/internal/dhcp"
)

// on is an interface with an address.
func on(index int, name, prefix string) dhcp.Interface {
	return dhcp.Interface{Index: index, Name: name, Addrs: []netip.Prefix{netip.MustParsePrefix(prefix)}}
}

// wording is a change in a few words.
func wording(all []dhcp.Change) string {
	var words []string
	for _, c := range all {
		words = append(words, fmt.Sprint(c.Interface.Name, " ", c.Kind, " ", c.Interface.Addrs, " ", c.Reason))
	}
	return strings.Join(words, "; ")
}

func TestChanges(t *testing.T) {
	one, two := on(3, "eth0", "192.0.2.1/24"), on(4, "eth1", "198.51.100.1/24")
	down := errors.New("down")
	for name, c := range map[string]struct {
		before, now dhcp.Survey
		want        string
	}{
		"nothing":     {dhcp.Survey{Serving: []dhcp.Interface{one, two}}, dhcp.Survey{Serving: []dhcp.Interface{two, one}}, ""},
		"comes":       {dhcp.Survey{Serving: []dhcp.Interface{one}}, dhcp.Survey{Serving: []dhcp.Interface{one, two}}, "eth1 came [198.51.100.1/24] <nil>"},
		"gone":        {dhcp.Survey{Serving: []dhcp.Interface{one}}, dhcp.Survey{}, "eth0 went [192.0.2.1/24] <nil>"},
		"down":        {dhcp.Survey{Serving: []dhcp.Interface{one}}, dhcp.Survey{Reasons: map[string]error{"eth0": down}}, "eth0 went [192.0.2.1/24] down"},
		"made again":  {dhcp.Survey{Serving: []dhcp.Interface{one}}, dhcp.Survey{Serving: []dhcp.Interface{on(9, "eth0", "192.0.2.1/24")}}, "eth0 remade [192.0.2.1/24] <nil>"},
		"readdressed": {dhcp.Survey{Serving: []dhcp.Interface{one}}, dhcp.Survey{Serving: []dhcp.Interface{on(3, "eth0", "192.0.2.7/24")}}, "eth0 readdressed [192.0.2.7/24] <nil>"},
	} {
		if got := wording(dhcp.Changes(c.before, c.now)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// fakeNews are told by a test.
type fakeNews struct {
	news   chan error // nil is news, an error breaks the subscription
	closed chan struct{}
}

func (f *fakeNews) Wait() error {
	select {
	case err := <-f.news:
		return err
	case <-f.closed:
		return net.ErrClosed
	}
}

func (f *fakeNews) Close() { close(f.closed) }

// TestWatcher follows a host that a test makes up, through news in a burst, a
// look that fails, and a subscription that breaks while something changes.
func TestWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var now dhcp.Survey
		var lookErr error
		var news *fakeNews
		set := func(err error, all ...dhcp.Interface) {
			mu.Lock()
			defer mu.Unlock()
			now, lookErr = dhcp.Survey{Serving: all}, err
		}
		w := dhcp.NewWatcher(nil)
		w.Look = func() (dhcp.Survey, error) {
			mu.Lock()
			defer mu.Unlock()
			return now, lookErr
		}
		opened := 0
		w.Open = func() (dhcp.Subscription, error) {
			mu.Lock()
			defer mu.Unlock()
			if opened++; opened == 2 {
				return nil, errors.New("not now")
			}
			news = &fakeNews{make(chan error), make(chan struct{})}
			return news, nil
		}
		tell := func(err error) {
			mu.Lock()
			n := news
			mu.Unlock()
			n.news <- err
		}
		var told []string
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		first := dhcp.Survey{Serving: []dhcp.Interface{on(3, "eth0", "192.0.2.1/24")}}
		set(nil, first.Serving...)
		go func() {
			done <- w.Run(ctx, first, func(_ dhcp.Survey, c []dhcp.Change) { told = append(told, wording(c)) })
		}()
		expect := func(want ...string) {
			t.Helper()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
			told = nil
		}
		expect("") // the first look, which catches what changed before
		set(nil)
		for range 5 {
			tell(nil)
		}
		expect("eth0 went [192.0.2.1/24] <nil>")
		set(errors.New("no memory"))
		tell(nil)
		expect()
		set(nil, on(9, "eth0", "192.0.2.1/24"))
		expect("eth0 came [192.0.2.1/24] <nil>")
		set(nil, on(9, "eth0", "192.0.2.1/24"), on(10, "eth1", "10.0.0.1/8"))
		tell(errors.New("no buffer space"))
		expect("eth1 came [10.0.0.1/8] <nil>")
		set(nil, on(10, "eth1", "10.0.0.1/8"))
		tell(nil)
		expect("eth0 went [192.0.2.1/24] <nil>")
		w.Again()
		expect("")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		select {
		case <-news.closed:
		default:
			t.Error("the subscription is left open")
		}
		w.Open = func() (dhcp.Subscription, error) { return nil, errors.New("not allowed") }
		if err := w.Run(t.Context(), first, nil); err == nil {
			t.Error("without news it runs")
		}
	})
}

// follow listens on what a watcher sees, as a server does.
func follow(t *testing.T, names ...string) (heard chan dhcp.Packet, changes chan string) {
	t.Helper()
	heard, changes = make(chan dhcp.Packet, 16), make(chan string, 16)
	w := dhcp.NewWatcher(names)
	first := lookup(t, names...)
	l, err := dhcp.Listen(first, dhcp.Hooks{Down: func(string, error) { w.Again() }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := l.Run(ctx, func(p dhcp.Packet) { heard <- p }); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		err := w.Run(ctx, dhcp.Survey{Serving: first}, func(now dhcp.Survey, c []dhcp.Change) {
			if err := l.Set(now.Serving); err != nil {
				t.Error(err)
			}
			for _, one := range c {
				changes <- wording([]dhcp.Change{one})
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return heard, changes
}

// TestListenerFollows takes interfaces away and makes them again, changes their
// addresses, and makes others.
func TestListenerFollows(t *testing.T) {
	sh(t, "ip link add spur0 type veth peer name spur1; ip addr add 192.0.2.1/24 dev spur0; ip link set spur0 up; ip link set spur1 up")
	t.Cleanup(func() { sh(t, "for i in spur0 spur2; do ip link del $i 2>/dev/null || true; done") })
	heard, changes := follow(t)
	// A loaded machine may take one change for two.
	change := func(want string) {
		t.Helper()
		for limit := time.After(patience); ; {
			select {
			case got := <-changes:
				if strings.HasPrefix(got, want) {
					return
				}
			case <-limit:
				t.Fatalf("no change; want %q", want)
			}
		}
	}
	// A frame may be sent before the far end is ready: it is repeated.
	hears := func(peer, iface, server string) {
		t.Helper()
		n := byte(0)
		eventually(t, "a DISCOVER on "+iface+" is heard", func() bool {
			n++
			sendOn(t, peer, n)
			select {
			case p := <-heard:
				if p.Interface.Name != iface || p.Server != addr(server) {
					t.Errorf("heard on %s, to be told %s; want %s, %s", p.Interface.Name, p.Server, iface, server)
				}
				return true
			case <-time.After(50 * time.Millisecond):
				return false
			}
		})
		for time.Sleep(100 * time.Millisecond); len(heard) > 0; {
			<-heard
		}
	}
	hears("spur1", "spur0", "192.0.2.1")
	sh(t, "ip link set spur0 down")
	change("spur0 went [192.0.2.1/24] interface spur0 is down")
	sh(t, "ip link set spur0 up")
	change("spur0 came")
	hears("spur1", "spur0", "192.0.2.1")
	sh(t, "ip link set spur0 down; ip link set spur0 up")
	hears("spur1", "spur0", "192.0.2.1")
	sh(t, "ip link del spur0")
	change("spur0 went [192.0.2.1/24] <nil>")
	again := "ip link add spur0 type veth peer name spur1; ip addr add 192.0.2.1/24 dev spur0; ip link set spur0 up; ip link set spur1 up"
	sh(t, again)
	change("spur0 came")
	hears("spur1", "spur0", "192.0.2.1")
	sh(t, "ip addr add 203.0.113.7/24 dev spur0")
	change("spur0 readdressed [192.0.2.1/24 203.0.113.7/24]")
	sh(t, "ip addr del 192.0.2.1/24 dev spur0")
	change("spur0 readdressed [203.0.113.7/24]")
	hears("spur1", "spur0", "203.0.113.7")
	sh(t, "ip addr flush dev spur0")
	change("spur0 went [203.0.113.7/24] interface spur0 has no IPv4 address")
	sh(t, "ip link add spur2 type veth peer name spur3; ip addr add 198.51.100.1/24 dev spur2; ip link set spur2 up; ip link set spur3 up")
	change("spur2 came [198.51.100.1/24]")
	hears("spur3", "spur2", "198.51.100.1")
	sendOn(t, "spur1", 99)
	select {
	case p := <-heard:
		t.Errorf("an interface without an address answers as %s", p.Server)
	case <-time.After(200 * time.Millisecond):
	}
}

// sendOn sends a DISCOVER from an interface.
func sendOn(t *testing.T, name string, n byte) {
	t.Helper()
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := packet.Listen(ifi, packet.Raw, 0x0800, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	f := frame(n, "255.255.255.255:67", nil)
	if _, err := conn.WriteTo(f, &packet.Addr{HardwareAddr: f[:6]}); err != nil {
		t.Logf("send on %s: %v", name, err)
	}
}

// TestSendAfterRemoval answers on an interface that is gone.
func TestSendAfterRemoval(t *testing.T) {
	i, _ := pair(t)
	l, err := dhcp.Listen([]dhcp.Interface{i}, dhcp.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Set(nil); err != nil {
		t.Fatal(err)
	}
	p := ask(discover)
	p.Interface = i
	err = l.Send(p, &dhcpv4.DHCPv4{OpCode: 2, ClientHWAddr: clientMAC, Options: dhcpv4.Options{53: {2}}})
	if err == nil || !strings.Contains(err.Error(), "interface spur0 is no longer listened on") || len(l.Interfaces()) != 0 {
		t.Errorf("got %v, %v", err, l.Interfaces())
	}
}

// TestWatcherHearsIPv6: what serves IPv6 beside looks again when an address of
// IPv6 comes, such as the link-local one, which takes a while to be usable.
func TestWatcherHearsIPv6(t *testing.T) {
	sh(t, "ip link add six0 type veth peer name six1 && ip link set six0 up && ip link set six1 up")
	t.Cleanup(func() { sh(t, "ip link del six0") })
	eventually(t, "six0 has its link-local address", func() bool {
		return !strings.Contains(sh(t, "ip -6 addr show dev six0"), "tentative")
	})
	w := dhcp.NewWatcher(nil)
	looked, first := make(chan struct{}), make(chan struct{})
	var once, begun sync.Once
	w.Look = func() (dhcp.Survey, error) {
		if strings.Contains(sh(t, "ip -6 addr show dev six0"), "fd77::7") {
			once.Do(func() { close(looked) })
		}
		return dhcp.Survey{}, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx, dhcp.Survey{}, func(dhcp.Survey, []dhcp.Change) { begun.Do(func() { close(first) }) }); err != nil {
			t.Error(err)
		}
	})
	<-first
	sh(t, "ip addr add fd77::7/64 dev six0 nodad")
	select {
	case <-looked:
	case <-time.After(patience):
		t.Error("nobody looked")
	}
	cancel()
	running.Wait()
}
