package dhcp6

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/ndp"
)

// Advertisement is what a router advertisement of ours says (RFC 4861 section
// 4.2). Without one on the wire edk2 doesn't begin with DHCPv6, and no client
// knows which addresses it reaches without a router.
type Advertisement struct {
	// Managed has clients ask DHCPv6 for addresses, Other for all else (M, O).
	Managed, Other bool
	// Prefix is the network on this wire.
	Prefix netip.Prefix
	// Autonomous lets clients make themselves an address in Prefix (SLAAC).
	Autonomous bool
	// RouterLifetime is how long this host is to be the clients' default router;
	// 0 is not at all.
	RouterLifetime time.Duration
}

// prefixLifetime outlives some advertisements that are lost: they come every
// ten minutes at least.
const prefixLifetime = time.Hour

// Check says what is wrong with an advertisement.
func (a Advertisement) Check() error {
	switch {
	case !a.Prefix.IsValid() || !plain(a.Prefix.Addr()):
		return errors.New("a router advertisement needs the network that it is for, like fd77::/64")
	case a.Autonomous && a.Prefix.Bits() != 64:
		return errors.New("clients make themselves addresses in a network of 64 bits only (RFC 4862)")
	case a.RouterLifetime < 0 || a.RouterLifetime > 9000*time.Second:
		return errors.New("a router's lifetime is at most 9000 seconds (RFC 4861 section 6.2.1)")
	}
	return nil
}

// message is the packet for an interface; last is the one with which a router
// says that it is none any more (RFC 4861 section 6.2.5).
func (a Advertisement) message(mac net.HardwareAddr, last bool) *ndp.RouterAdvertisement {
	m := &ndp.RouterAdvertisement{
		CurrentHopLimit:      64,
		ManagedConfiguration: a.Managed,
		OtherConfiguration:   a.Other,
		RouterLifetime:       a.RouterLifetime,
		Options: []ndp.Option{
			&ndp.LinkLayerAddress{Direction: ndp.Source, Addr: mac},
			&ndp.PrefixInformation{
				PrefixLength: uint8(a.Prefix.Bits()), Prefix: a.Prefix.Masked().Addr(),
				OnLink: true, AutonomousAddressConfiguration: a.Autonomous,
				ValidLifetime: prefixLifetime, PreferredLifetime: prefixLifetime,
			},
		},
	}
	if last {
		m.RouterLifetime = 0
	}
	return m
}
