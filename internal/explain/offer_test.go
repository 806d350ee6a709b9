package explain

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// What is explained is what is sent: an offer of our own server has an address
// with all that belongs to it, and the machine's UUID comes back.
func TestExplainedOffers(t *testing.T) {
	server := netip.MustParseAddr("10.9.0.1")
	for own, codes := range map[bool][]uint8{
		true:  {1, 51, 53, 54, 58, 59, 66, 67, 97, 175},
		false: {53, 54, 60, 66, 67, 97, 175},
	} {
		q, err := ParseQuestion("uefi", "", "pxe", "ipxe", server)
		if err != nil {
			t.Fatal(err)
		}
		m := identify.Request(q.Client)
		if got := identify.Client(pxe.Read(m), dhcp.Packet{Message: m}); got.UUID != q.Client.UUID || got.UUID.IsZero() {
			t.Errorf("the request has the UUID %s", got.UUID)
		}
		e := explanation{lease: map[bool]route.Lease{true: route.Ours, false: route.Theirs}[own]}
		reply, err := e.reply(m, pxe.Boot{Server: server, File: "boot.ipxe"})
		if err != nil {
			t.Fatal(err)
		}
		if addr := identify.Addr(reply.YourIPAddr); own != netip.MustParsePrefix("10.9.0.0/24").Contains(addr) || addr == server {
			t.Errorf("own %v: the address is %s", own, addr)
		}
		for _, code := range codes {
			if !reply.Options.Has(dhcpv4.GenericOptionCode(code)) {
				t.Errorf("own %v: no option %d in %s", own, code, reply.Summary())
			}
		}
		if want := append([]byte{0}, q.Client.UUID[:]...); !bytes.Equal(reply.Options[97], want) {
			t.Errorf("option 97 is %x", reply.Options[97])
		}
	}
}
