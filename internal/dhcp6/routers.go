package dhcp6

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/mdlayher/ndp"
	"golang.org/x/net/ipv6"

	"github.com/spurboot/spur/internal/nic"
)

// solicitations is how often routers are asked, a second apart: one that has just
// advertised itself to all may wait MIN_DELAY_BETWEEN_RAS and MAX_RA_DELAY_TIME,
// three and a half seconds, with the next (RFC 4861, sections 6.2.6 and 10).
const solicitations = 4

// Routers looks for routers that advertise themselves on an interface, by
// soliciting them, for four seconds or until the context ends, which is no
// error. Those of this host are among them.
func Routers(ctx context.Context, i Interface) ([]netip.Addr, error) {
	conn, _, err := ndp.Listen(&net.Interface{Index: i.Index, Name: i.zone(), HardwareAddr: i.MAC}, ndp.Addr(i.LinkLocal.String()))
	if err != nil {
		return nil, nic.Permission(fmt.Errorf("look for routers on %s: %w", i.Name, err))
	}
	defer conn.Close()
	var only ipv6.ICMPFilter
	only.SetAll(true)
	only.Accept(ipv6.ICMPTypeRouterAdvertisement)
	if err := errors.Join(conn.SetICMPFilter(&only), conn.JoinGroup(netip.IPv6LinkLocalAllNodes())); err != nil {
		return nil, fmt.Errorf("look for routers on %s: %w", i.Name, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var all []netip.Addr
	ask := &ndp.RouterSolicitation{Options: []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Source, Addr: i.MAC}}}
	var failed error
	asked := false
	for range solicitations {
		// An interface that has just come up may not take it yet.
		failed = conn.WriteTo(ask, nil, netip.IPv6LinkLocalAllRouters())
		asked = asked || failed == nil
		if all = hearRouters(ctx, conn, all); ctx.Err() != nil {
			return all, nil
		}
	}
	if !asked {
		return all, fmt.Errorf("look for routers on %s: %w", i.Name, failed)
	}
	return all, nil
}

// hearRouters adds those that answer until it is time for the next question.
func hearRouters(ctx context.Context, conn *ndp.Conn, all []netip.Addr) []netip.Addr {
	_ = conn.SetReadDeadline(time.Now().Add(probeGap))
	buf := make([]byte, 1500)
	for len(all) < maxAnswers && ctx.Err() == nil {
		n, _, from, err := conn.ReadRaw(buf)
		if err != nil {
			break // the time is up
		}
		from = from.WithZone("")
		if n > 0 && buf[0] == byte(ipv6.ICMPTypeRouterAdvertisement) && !slices.Contains(all, from) {
			all = append(all, from)
		}
	}
	return all
}
