package daemon

import (
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
)

// newOffers are the offers of a host with some loaders.
func newOffers(t *testing.T, r boot.Resolver) *answer.Offers {
	t.Helper()
	o := answer.New(answertest.Parts(r))
	o.Trouble = func(what string, _ boot.MAC, _ string, err error) { t.Errorf("%s: %v", what, err) }
	return o
}

// scriptRequest is how an iPXE with HTTP asks.
func scriptRequest(c boot.Client) dhcp.Packet {
	m := identify.Request(c)
	m.UpdateOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(175), []byte{19, 1, 1, 24, 1, 1, 36, 1, 1}))
	return dhcp.Packet{Message: m, Port: dhcp.ServerPort, Server: netip.MustParseAddr("10.0.0.1"), Time: time.Now()}
}
