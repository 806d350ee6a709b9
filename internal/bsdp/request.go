package bsdp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// The DHCP options of this package's trade.
const (
	optRootPath   = 17
	optVendor     = 43
	optType       = 53
	optServerID   = 54
	optMaxMessage = 57
	optClass      = 60
)

// Version is that of a Mac's BSDP.
type Version uint16

// The versions that bsdpd.c answers. Version10 is told the image to boot and no list
// of them; Version00 is that of firmware from before NetBoot 2.0.
const (
	Version00 Version = 0x0000
	Version10 Version = 0x0100
	Version11 Version = 0x0101
)

// Request is what a Mac's message says.
type Request struct {
	Type    dhcpv4.MessageType // DISCOVER or INFORM
	MAC     [6]byte
	Class   Class
	Version Version
	// OldFirmware: the Mac is one of NetBoot 1.0, and is given images for those.
	OldFirmware bool
	Message     Message    // of an INFORM
	Address     netip.Addr // that the Mac has; the zero value in a DISCOVER
	// Server is the one that a Mac has chosen, with its SELECT.
	Server netip.Addr
	// Selected is the image that it has chosen, where it Selects one.
	Selected ImageID
	Selects  bool
	// Filter are the attributes of the images that it wants to see; none for all.
	Filter []uint16
	// ReplyPort is where it wants its answer.
	ReplyPort uint16
	// MaxMessage is how large an answer may be, without the headers of IP and UDP.
	MaxMessage int
}

// clientPort is where DHCP clients are answered, serverPort where they ask.
const clientPort = 68

// privileged is the first port that isn't: bsdpd sends nothing to others.
const privileged = 1024

// ErrNotBSDP says that a message isn't one of BSDP.
var ErrNotBSDP = errors.New("no BSDP message")

// Read reads a Mac's request. Its error says why bsdpd gives no answer to a message
// (is_bsdp_packet, bsdp_request).
func Read(m *dhcpv4.DHCPv4) (Request, error) {
	class, ok := ParseClass(m.Options[optClass])
	if !ok || len(m.ClientHWAddr) != 6 {
		return Request{}, ErrNotBSDP
	}
	o := Parse(m.Options[optVendor])
	r := Request{Type: m.MessageType(), MAC: [6]byte(m.ClientHWAddr), Class: class, ReplyPort: clientPort}
	version, ok := o.number(CodeVersion)
	if !ok {
		return r, errors.New("a BSDP message without a version")
	}
	r.Version = Version(version)
	if r.Version != Version00 && r.Version != Version10 && r.Version != Version11 {
		return r, fmt.Errorf("a BSDP message of version %#04x, which no server knows", version)
	}
	_, old := o[CodeOldFirmware]
	r.OldFirmware = old || r.Version == Version00
	r.Filter = filter(o[CodeFilter])
	r.MaxMessage = maxMessage(m, o)
	switch r.Type {
	case dhcpv4.MessageTypeDiscover:
		return r, nil
	case dhcpv4.MessageTypeInform:
		return r.inform(m, o)
	}
	return r, fmt.Errorf("%w: it is a %s", ErrNotBSDP, r.Type)
}

// inform reads what only an INFORM has.
func (r Request) inform(m *dhcpv4.DHCPv4, o Options) (Request, error) {
	if port, ok := o.number(CodeReplyPort); ok {
		r.ReplyPort = port
	}
	if v := o[CodeMessage]; len(v) == 1 {
		r.Message = Message(v[0])
	}
	r.Address, _ = netip.AddrFromSlice(m.ClientIPAddr.To4())
	r.Server, _ = netip.AddrFromSlice(o[CodeServer])
	r.Selected, r.Selects = o.Image(CodeSelected)
	switch {
	case r.ReplyPort >= privileged || r.ReplyPort == 0:
		return r, fmt.Errorf("it wants its answer at port %d, which anybody's program may have", r.ReplyPort)
	case !r.Address.IsValid() || r.Address.IsUnspecified():
		return r, errors.New("a BSDP message without the Mac's address")
	case r.Message != MessageList && r.Message != MessageSelect:
		return r, fmt.Errorf("BSDP %s is none that a Mac sends", r.Message)
	case r.Message == MessageSelect && !r.Server.Is4():
		return r, errors.New("a BSDP SELECT that names no server")
	}
	return r, nil
}

// oldModel stands for all Macs of NetBoot 1.0 among an image's models
// (OLD_NETBOOT_SYSID of bsdpd.h).
const oldModel = "/NetBoot1"

// model is what an image's models are compared with.
func (r Request) model() string {
	if r.OldFirmware {
		return oldModel
	}
	return r.Class.Model
}

// filter reads the attributes of sub-option 11 (attributes_filter_list_copy).
func filter(v []byte) []uint16 {
	var all []uint16
	for ; len(v) >= 2; v = v[2:] {
		all = append(all, binary.BigEndian.Uint16(v))
	}
	return all
}

// Sizes of messages, with the headers of IP and UDP: what every client takes
// (RFC 2131 section 2), and what fits into one frame.
const (
	minMessage = 576
	mostFrame  = 1500
	headers    = 20 + 8
)

// maxMessage is how large an answer may be (bsdp_max_message_size): BSDP's own option
// counts, else DHCP's. A Mac may take 8 KiB, but what is more than one frame would be
// lost with any of its fragments.
func maxMessage(m *dhcpv4.DHCPv4, o Options) int {
	size, ok := o.number(CodeMaxMessage)
	if v := m.Options[optMaxMessage]; !ok && len(v) == 2 {
		size = binary.BigEndian.Uint16(v)
	}
	return min(max(int(size), minMessage), mostFrame) - headers
}
