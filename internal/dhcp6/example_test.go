package dhcp6_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/leases"
)

// A server's decision needs no socket: a request and a time go in, the reply
// and what happened come out; what to boot is added to it.
func ExampleServer() {
	s, err := dhcp6.NewServer(dhcp6.ServerConfig{
		ID:    dhcp6.ServerID([]byte("a key that is kept")),
		Store: &leases.MemoryStore{},
		Pools: []dhcp6.Pool{{
			Prefix: netip.MustParsePrefix("fd77::/64"),
			First:  netip.MustParseAddr("fd77::100"), Last: netip.MustParseAddr("fd77::1ff"),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := heard(message(dhcpv6.MessageTypeSolicit, 1, append(pxeClient, association(1))...))
	reply, out := s.Handle(time.Unix(0, 0), p)
	if r := dhcp6.Read(p); r.IsBoot() {
		if err := dhcp6.Apply(reply, r, dhcp6.Boot{URL: "tftp://[" + out.Ours.String() + "]/snponly.efi"}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(reply.MessageType, out.Addr, reply.Options.BootFileURL())
	fmt.Println(dhcp6.Destination(p))
	// Output:
	// ADVERTISE fd77::100 tftp://[fd77::1]/snponly.efi
	// [fe80::5054:ff:fe77:1]:546
}

// A listener hears all interfaces that can serve clients, and tells machines
// what to boot beside the server that gives them addresses.
func ExampleListener() {
	id := dhcp6.ServerID([]byte("a key that is kept"))
	serve := func(ctx context.Context) error {
		now, err := dhcp6.Look(nil)
		if err != nil {
			return err
		}
		l := dhcp6.NewListener(dhcp6.Hooks{})
		defer l.Close()
		if err := l.Set(now.Serving); err != nil {
			return err
		}
		l.Run(ctx, func(p dhcp6.Packet) {
			r := dhcp6.Read(p)
			if !dhcp6.Proxied(p, r) || !p.Server.IsValid() {
				return
			}
			scheme := map[dhcp6.Class]string{dhcp6.PXEClient: "tftp", dhcp6.HTTPClient: "http"}[r.Class]
			reply, err := dhcp6.Offer(p, id, dhcp6.Boot{URL: fmt.Sprintf("%s://[%s]/boot.efi", scheme, p.Server)})
			if err == nil {
				err = l.Send(p, reply)
			}
			if err != nil {
				log.Println(err)
			}
		})
		return nil
	}
	_ = serve
}
