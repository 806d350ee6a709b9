package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/leases"
)

// association is an IA_NA of a request: what it asks an address for, and the
// addresses that it names.
type association struct {
	id    uint32
	addrs []netip.Addr
}

// want is the address that is asked for, or the zero value.
func (a association) want() netip.Addr {
	if len(a.addrs) == 0 {
		return netip.Addr{}
	}
	return a.addrs[0]
}

// associations are those of a message, as many as a client may have addresses.
func associations(m *dhcpv6.Message) []association {
	var all []association
	for _, o := range m.Options.IANA() {
		if len(all) == leases.ShareMost {
			break
		}
		a := association{id: binary.BigEndian.Uint32(o.IaId[:])}
		for _, addr := range o.Options.Addresses() {
			if ip, ok := netip.AddrFromSlice(addr.IPv6Addr); ok && len(a.addrs) < leases.ShareMost {
				a.addrs = append(a.addrs, ip)
			}
		}
		all = append(all, a)
	}
	return all
}

// option starts the answer to an association.
func (a association) option() *dhcpv6.OptIANA {
	o := &dhcpv6.OptIANA{}
	binary.BigEndian.PutUint32(o.IaId[:], a.id)
	return o
}

// leased is the answer that gives an address. T1 and T2 are those of RFC 8415
// section 21.4. There is no status code for success: U-Boot goes through the
// options of an IA_NA as if each were the first one.
func (a association) leased(addr netip.Addr, lease time.Duration) *dhcpv6.OptIANA {
	o := a.option()
	o.T1, o.T2 = (lease / 2).Truncate(time.Second), (lease * 4 / 5).Truncate(time.Second)
	o.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: addr.AsSlice(), PreferredLifetime: lease, ValidLifetime: lease})
	return o
}

// over says of the addresses that were named, but one, that they are over: with
// lifetimes of 0 (RFC 8415 section 18.3.4).
func (a association) over(o *dhcpv6.OptIANA, but netip.Addr) {
	for _, addr := range a.addrs {
		if addr != but {
			o.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: addr.AsSlice()})
		}
	}
}

// refused is the answer that gives none.
func (a association) refused(code iana.StatusCode, why string) *dhcpv6.OptIANA {
	o := a.option()
	o.Options.Add(status(code, why))
	return o
}

func status(code iana.StatusCode, why string) *dhcpv6.OptStatusCode {
	return &dhcpv6.OptStatusCode{StatusCode: code, StatusMessage: why}
}
