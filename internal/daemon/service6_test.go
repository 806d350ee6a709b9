package daemon

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/tree"
)

// addressed waits until a host's interface has an address in a network.
func addressed(t *testing.T, h *lab.Host, network string) (i dhcp6.Interface) {
	t.Helper()
	eventually(t, func() bool {
		err := h.Do(func() error {
			now, err := dhcp6.Look([]string{"eth0"})
			if err == nil && len(now.Serving) == 1 {
				i = now.Serving[0]
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return pools.NetworkOf([]dhcp6.Interface{i}, netip.MustParsePrefix(network).Addr()).IsValid()
	})
	return i
}

// Our own server advertises the network of its pool from the moment on at which
// it serves, gives addresses in it, and leaves nothing behind.
func TestOwnServerOnAWire6(t *testing.T) {
	l, err := lab.New(t.Context(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wire, err := l.Wire("wire")
	if err != nil {
		t.Fatal(err)
	}
	home, err := l.Host("home", lab.On(wire, "fd77::1/64"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := l.Host("client", lab.On(wire))
	if err != nil {
		t.Fatal(err)
	}
	addressed(t, home, "fd77::/64")
	pool, err := pools.Parse("fd77::50-fd77::99")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := Config{DHCP: OwnDHCP, Pools: []pools.Pool{pool}, RA: true, Force: true, Out: &out}
	d := &daemon{config: c, notices: newNotices(c), store: store.Memory(), names: tree.Names{Key: seal.NewKey()}}
	defer d.store.Close()
	common := newOffers(t, resolver.Static{Payload: answertest.Kernel()})
	var offers *answer.Offers6
	var links *links6
	err = home.Do(func() (err error) {
		if offers, links, err = d.openDHCP6(t.Context(), common, func() {}); err == nil {
			links.follow(t.Context())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer links.close()
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		links.listener.Run(ctx, func(p dhcp6.Packet) { offers.Handle(ctx, p) })
		common.Wait()
	})
	defer serving.Wait()
	defer cancel()

	at := addressed(t, client, "fd77::/64") // by the router advertisement
	var answers []dhcp6.Answer
	if err := client.Do(func() (err error) { answers, err = dhcp6.Probe(t.Context(), at); return err }); err != nil {
		t.Fatal(err)
	}
	if len(answers) != 1 || answers[0].Offered.Less(netip.MustParseAddr("fd77::50")) || netip.MustParseAddr("fd77::99").Less(answers[0].Offered) {
		t.Errorf("a client is offered %v", answers)
	}
	if want := "Spur answers over IPv6 on eth0 fd77::1/64, and sends router advertisements there."; !strings.Contains(out.String(), want) {
		t.Errorf("Spur said %q, want %q", out.String(), want)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it doesn't come")
		}
	}
}
