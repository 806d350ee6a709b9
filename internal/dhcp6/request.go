package dhcp6

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// Class is how a client introduces itself in option 16, up to the first colon.
type Class string

// The classes of machines that boot.
const (
	PXEClient  Class = "PXEClient"
	HTTPClient Class = "HTTPClient"
)

// intel is the enterprise number under which firmware sends its class and wants
// ours (edk2, iPXE).
const intel = 343

// NDI is the UNDI version of option 62 (RFC 5970 section 3.4).
type NDI struct{ Type, Major, Minor uint8 }

// Request is what one message says about the machine that sent it.
type Request struct {
	Type dhcpv6.MessageType
	// DUID is option 1 as it was sent; empty if it wasn't.
	DUID []byte
	// MAC is the hardware address of the card that asks, as far as it can be
	// told: by the relay next to it, by its link-local address, by an earlier
	// packet, by the DUID. The DUID comes last because it names the machine and
	// not the card: edk2 and operating systems keep one that was made from another
	// card.
	MAC net.HardwareAddr
	// UUID is that of a DUID-UUID (RFC 6355) in the order of DHCPv4's option 97,
	// in which edk2 sends it here too, while iPXE sends it as RFC 6355 wants.
	// HasUUID is false for other DUIDs, and for nothing but zeros or ones.
	UUID    [16]byte
	HasUUID bool
	// Archs is option 61 in the client's order, or what option 16 says if the
	// client left 61 out: numbers of IANA's "Processor Architecture Types".
	Archs []uint16
	NDI   NDI
	// Class is the first word of ClassID if it is one of the classes above;
	// ClassID is the class (option 16) of a client that boots, else the first one.
	Class   Class
	ClassID string
	// UserClass is option 15.
	UserClass []string
	// IPXE says that the sender is iPXE, by its user class.
	IPXE bool
	// Requested is option 6.
	Requested []dhcpv6.OptionCode
}

// IsBoot tells whether the sender asks what to boot, rather than for an address
// only: the IPv6 stack of edk2 has an exchange of its own before the boot
// driver's, in which it says nothing of architecture or class.
func (r Request) IsBoot() bool {
	return r.Class != "" || r.IPXE || len(r.Archs) > 0 || strings.HasPrefix(r.ClassID, "U-Boot")
}

// IsSystem tells whether the sender of a request that is no boot client's is an
// operating system: the IPv6 stack of edk2 asks for name servers alone.
func (r Request) IsSystem() bool {
	return !r.IsBoot() && !slices.Equal(r.Requested, []dhcpv6.OptionCode{dhcpv6.OptionDNSRecursiveNameServer})
}

// Wants tells whether the sender asks for an option.
func (r Request) Wants(code dhcpv6.OptionCode) bool { return slices.Contains(r.Requested, code) }

// Read reads a request. It takes what it understands and leaves out the rest.
func Read(p Packet) Request {
	o := p.Message.Options
	r := Request{Type: p.Message.MessageType, Requested: o.RequestedOptions()}
	r.readDUID(o.ClientID())
	if mac := cardOf(p); mac != nil {
		r.MAC = mac
	} else if p.Card != nil {
		r.MAC = p.Card
	}
	for _, a := range o.ArchTypes() {
		r.Archs = append(r.Archs, uint16(a))
	}
	if n, ok := o.GetOne(dhcpv6.OptionNII).(*dhcpv6.OptNetworkInterfaceID); ok {
		r.NDI = NDI{uint8(n.Typ), n.Major, n.Minor}
	}
	for _, c := range o.UserClasses() {
		r.UserClass = append(r.UserClass, clean(c))
	}
	r.IPXE = slices.Contains(r.UserClass, "iPXE")
	if r.IPXE && r.HasUUID {
		r.UUID = swapped(r.UUID)
	}
	r.readClass(o.VendorClasses())
	return r
}

// readDUID takes what a DUID tells beyond being one.
func (r *Request) readDUID(id dhcpv6.DUID) {
	if id == nil {
		return
	}
	r.DUID = id.ToBytes()
	switch d := id.(type) {
	case *dhcpv6.DUIDUUID:
		blank := bytes.Count(d.UUID[:], []byte{0}) == 16 || bytes.Count(d.UUID[:], []byte{0xff}) == 16
		if !blank {
			r.UUID, r.HasUUID = d.UUID, true
		}
	case *dhcpv6.DUIDLLT:
		r.MAC = etherAddr(d.HWType, d.LinkLayerAddr)
	case *dhcpv6.DUIDLL:
		r.MAC = etherAddr(d.HWType, d.LinkLayerAddr)
	}
}

// swapped turns the first three fields of a UUID around.
func swapped(u [16]byte) [16]byte {
	slices.Reverse(u[:4])
	slices.Reverse(u[4:6])
	slices.Reverse(u[6:8])
	return u
}

func etherAddr(t iana.HWType, addr net.HardwareAddr) net.HardwareAddr {
	if t != ethernet || len(addr) != 6 {
		return nil
	}
	return addr
}

// cardOf is the hardware address that the packet itself shows, or nil.
func cardOf(p Packet) net.HardwareAddr {
	if n := len(p.Relays); n > 0 && p.Relays[n-1].MAC != nil {
		return p.Relays[n-1].MAC
	}
	return fromEUI64(p.Client())
}

// fromEUI64 is the hardware address that a link-local address was made of
// (RFC 4291 appendix A), or nil.
func fromEUI64(a netip.Addr) net.HardwareAddr {
	if !a.Is6() || !a.IsLinkLocalUnicast() {
		return nil
	}
	b := a.As16()
	if b[11] != 0xff || b[12] != 0xfe {
		return nil
	}
	return net.HardwareAddr{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]}
}

// readClass reads "PXEClient:Arch:00007:UNDI:003001". U-Boot sends its class
// under another enterprise number than Intel's, so that isn't looked at.
func (r *Request) readClass(all []*dhcpv6.OptVendorClass) {
	for _, vendor := range all {
		for _, data := range vendor.Data {
			id := clean(data)
			first, _, _ := strings.Cut(id, ":")
			boots := Class(first) == PXEClient || Class(first) == HTTPClient
			switch {
			case boots && r.Class == "":
				r.Class, r.ClassID = Class(first), id
			case r.ClassID == "":
				r.ClassID = id
			}
		}
	}
	if words := strings.Split(r.ClassID, ":"); r.Class != "" && len(r.Archs) == 0 && len(words) > 2 && words[1] == "Arch" {
		if n, err := strconv.ParseUint(words[2], 10, 16); err == nil {
			r.Archs = []uint16{uint16(n)}
		}
	}
}

// clean takes a string without the NULs that some clients end it with.
func clean(v []byte) string { return strings.TrimRight(string(v), "\x00") }
