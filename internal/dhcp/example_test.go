package dhcp_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

// A server's decision needs no socket: a request and a time go in, the reply
// and what happened come out.
func ExampleServer() {
	s, err := dhcp.NewServer(dhcp.ServerConfig{
		Store: &leases.MemoryStore{},
		Pools: []dhcp.Pool{{
			Prefix: netip.MustParsePrefix("192.0.2.0/24"),
			First:  netip.MustParseAddr("192.0.2.10"), Last: netip.MustParseAddr("192.0.2.99"),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	discover := ask(discover)
	reply, out := s.Handle(time.Unix(0, 0), discover)
	fmt.Println(reply.MessageType(), reply.YourIPAddr, out.Step)
	fmt.Println(dhcp.Destination(discover, reply).Dst)
	// Output:
	// OFFER 192.0.2.10 offer
	// 192.0.2.10:68
}

// A listener hears all interfaces that can serve clients, and hands requests to
// a server.
func ExampleListener() {
	var server *dhcp.Server
	serve := func(ctx context.Context) error {
		on, err := dhcp.Interfaces(nil)
		if err != nil {
			return err
		}
		l, err := dhcp.Listen(on, dhcp.Hooks{})
		if err != nil {
			return err
		}
		defer l.Close()
		return l.Run(ctx, func(p dhcp.Packet) {
			reply, out := server.Handle(p.Time, p)
			log.Println(p.Interface.Name, p.Message.ClientHWAddr, out.Step, out.Addr, out.Reason)
			if reply == nil {
				return
			}
			if err := l.Send(p, reply); err != nil {
				log.Println(err)
			}
		})
	}
	_ = serve
}
