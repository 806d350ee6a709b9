package dhcp6

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// Boot is what a machine is told to boot.
type Boot struct {
	// URL is the boot file (option 59): tftp://[address]/name for PXE,
	// http://[address]/name for HTTP Boot, either for iPXE.
	URL string
	// Params are the boot file's parameters (option 60). They are sent to
	// clients that ask for them and are no firmware of a PC: edk2 takes the first
	// for the size of the boot file, and stops if it isn't one.
	Params []string
	// DNS are name servers (option 23), without which a URL that names its host
	// is of no use.
	DNS []netip.Addr
}

// maxURL keeps replies within the MTU that every IPv6 network has.
const maxURL = 900

// Errors of a [Boot] that can't be sent.
var (
	ErrURL    = errors.New("no boot file URL for this machine")
	ErrNoBoot = errors.New("no boot offer answers this message")
)

// Proxied tells whether we answer a message of a machine that boots beside
// another DHCPv6 server, which gives the address: see [Offer].
func Proxied(p Packet, r Request) bool {
	switch r.Type {
	case dhcpv6.MessageTypeSolicit:
		// iPXE, U-Boot and systems use no advertisement without an address.
		return p.Port == ServerPort && r.Class != "" && !r.IPXE
	case dhcpv6.MessageTypeInformationRequest:
		return p.Port == ServerPort && r.IsBoot()
	case dhcpv6.MessageTypeRequest:
		return p.Port == BootPort && r.IsBoot()
	}
	return false
}

// Offer says what to boot to a machine that gets its address from another DHCPv6
// server: an ADVERTISE without an address, or a REPLY.
func Offer(p Packet, id dhcpv6.DUID, b Boot) (*dhcpv6.Message, error) {
	r := Read(p)
	if !Proxied(p, r) {
		return nil, fmt.Errorf("%w: %s on port %d", ErrNoBoot, r.Type, p.Port)
	}
	if other := p.Message.Options.ServerID(); other != nil && !other.Equal(id) {
		return nil, fmt.Errorf("%w: the %s is for the server %x", ErrNoBoot, r.Type, other.ToBytes())
	}
	kind := dhcpv6.MessageTypeReply
	if r.Type == dhcpv6.MessageTypeSolicit {
		kind = dhcpv6.MessageTypeAdvertise
	}
	reply := newReply(p, kind, id)
	if err := b.apply(reply, r, true); err != nil {
		return nil, err
	}
	return reply, nil
}

// Apply adds what to boot to an ADVERTISE or REPLY of a [Server].
func Apply(reply *dhcpv6.Message, r Request, b Boot) error { return b.apply(reply, r, false) }

// apply writes the boot options before all others: edk2's HTTP Boot of before
// 2018 reads the URL as if a NUL ended it, which the first byte of the next
// option's code is.
func (b Boot) apply(reply *dhcpv6.Message, r Request, beside bool) error {
	if err := b.check(r); err != nil {
		return err
	}
	options := dhcpv6.Options{dhcpv6.OptBootFileURL(b.URL)}
	if len(b.Params) > 0 && r.Wants(dhcpv6.OptionBootfileParam) && (r.Class == "" || r.IPXE) {
		options.Add(dhcpv6.OptBootFileParam(b.Params...))
	}
	if c := r.answerClass(beside); c != "" {
		options.Add(&dhcpv6.OptVendorClass{EnterpriseNumber: intel, Data: [][]byte{[]byte(c)}})
	}
	reply.Options.Options = slices.Concat(options, reply.Options.Options)
	if len(b.DNS) > 0 && len(reply.Options.DNS()) == 0 {
		reply.AddOption(dhcpv6.OptDNS(ips(b.DNS)...))
	}
	return nil
}

// answerClass is the class that firmware must find in a reply to take it for a
// boot offer: HTTP Boot in any, PXE only in one without an address. In one with
// an address it has edk2's PXE ask once more on port 4011.
func (r Request) answerClass(beside bool) Class {
	switch {
	case r.IPXE:
		return ""
	case r.Class == HTTPClient:
		return HTTPClient
	case r.Class == PXEClient && beside:
		return PXEClient
	}
	return ""
}

// check refuses what firmware would fail on without a word.
func (b Boot) check(r Request) error {
	switch {
	case b.URL == "" || len(b.URL) > maxURL:
		return fmt.Errorf("%w: %.40q has %d bytes; 1 to %d are possible", ErrURL, b.URL, len(b.URL), maxURL)
	case r.Class == PXEClient && !r.IPXE && !strings.HasPrefix(b.URL, "tftp://["):
		return fmt.Errorf("%w: firmware takes tftp://[address]/name by PXE, and not %.60q", ErrURL, b.URL)
	case r.Class == HTTPClient && !r.IPXE && !strings.HasPrefix(b.URL, "http"):
		return fmt.Errorf("%w: firmware takes http:// and https:// by HTTP Boot, and not %.60q", ErrURL, b.URL)
	}
	for _, a := range b.DNS {
		if !a.Is6() || a.Is4In6() {
			return fmt.Errorf("%w: the name server %s is no IPv6 address", ErrURL, a)
		}
	}
	return nil
}

// newReply starts a reply with both identifiers (RFC 8415 section 18.3).
func newReply(p Packet, kind dhcpv6.MessageType, id dhcpv6.DUID) *dhcpv6.Message {
	m := &dhcpv6.Message{MessageType: kind, TransactionID: p.Message.TransactionID}
	if client := p.Message.Options.ClientID(); client != nil {
		m.AddOption(dhcpv6.OptClientID(client))
	}
	m.AddOption(dhcpv6.OptServerID(id))
	return m
}

func ips(all []netip.Addr) []net.IP {
	list := make([]net.IP, len(all))
	for i, a := range all {
		list[i] = a.AsSlice()
	}
	return list
}
