package bsdp

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Server is who answers.
type Server struct {
	Addr netip.Addr
	// Priority: of several servers that have the same image, Macs take the one with
	// the highest.
	Priority uint16
}

// UsualPriority is that of a server that nobody has given another
// (BSDP_PRIORITY_BASE).
const UsualPriority = 0x8000

// Boot is what a Mac is told to boot.
type Boot struct {
	Image ImageID
	File  string // TFTP path of the booter
	// RootPath is where the system finds its root image: http://ADDRESS/PATH or
	// nfs:ADDRESS:EXPORT:PATH. May be empty.
	RootPath string
	// MachineName is what the system calls itself; ShadowMount and ShadowFile say
	// where it may write, for systems without a disk. All may be empty.
	MachineName, ShadowMount, ShadowFile string
}

// Lengths of fields and options.
const (
	mostFile   = 127 // and a NUL
	mostOption = 255
	fixed      = 240 // bytes of a message before its options
	optionEnd  = 1
)

// List is an ACK[LIST]: of a server's images, which [Sort] has ordered, those that
// the Mac of r wants to see. selected is the image that it has chosen before, 0 for
// none. It is nil where no image is for this Mac: such a server is silent.
func List(m *dhcpv4.DHCPv4, r Request, s Server, images []Image, selected ImageID) *dhcpv4.DHCPv4 {
	offered := Offered(images, r)
	if len(offered) == 0 {
		return nil
	}
	reply := s.reply(m, dhcpv4.MessageTypeAck)
	o := r.vendorFor(reply)
	o.add(CodeMessage, byte(MessageList))
	o.add(CodePriority, binary.BigEndian.AppendUint16(nil, s.Priority)...)
	o.add(CodeDefault, offered[0].ID.bytes()...)
	for _, i := range offered {
		if i.ID == selected {
			o.add(CodeSelected, selected.bytes()...)
			break
		}
	}
	if r.Version != Version10 {
		o.images(offered)
	}
	reply.Options[optVendor] = o.b
	return reply
}

// Select is an ACK[SELECT]: it tells a Mac what to boot.
func Select(m *dhcpv4.DHCPv4, r Request, s Server, b Boot) (*dhcpv4.DHCPv4, error) {
	return r.boot(m, s, b, dhcpv4.MessageTypeAck, byte(MessageSelect))
}

// Offer answers the DISCOVER of a Mac that has chosen its image before. It has no
// address: that comes from a DHCP server.
func Offer(m *dhcpv4.DHCPv4, r Request, s Server, b Boot) (*dhcpv4.DHCPv4, error) {
	return r.boot(m, s, b, dhcpv4.MessageTypeOffer)
}

// Failed is an ACK[FAILED]: the server has no such image for this Mac any more
// (make_bsdp_failed_reply).
func Failed(m *dhcpv4.DHCPv4, s Server) *dhcpv4.DHCPv4 {
	reply := s.reply(m, dhcpv4.MessageTypeAck)
	reply.Options[optVendor] = []byte{byte(CodeMessage), 1, byte(MessageFailed)}
	return reply
}

// reply is what all answers begin with (make_bsdp_reply).
func (s Server) reply(m *dhcpv4.DHCPv4, kind dhcpv4.MessageType) *dhcpv4.DHCPv4 {
	reply := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootReply, HWType: m.HWType, TransactionID: m.TransactionID, Flags: m.Flags,
		ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: s.Addr.AsSlice(), GatewayIPAddr: m.GatewayIPAddr,
		ClientHWAddr: m.ClientHWAddr, ServerHostName: s.Addr.String(), Options: dhcpv4.Options{},
	}
	if kind == dhcpv4.MessageTypeAck {
		reply.ClientIPAddr = m.ClientIPAddr
	}
	reply.Options[optType] = []byte{byte(kind)}
	reply.Options[optServerID] = s.Addr.AsSlice()
	reply.Options[optClass] = []byte(VendorClass)
	return reply
}

// vendorFor begins an option 43, for which there is the room that a reply leaves.
func (r Request) vendorFor(reply *dhcpv4.DHCPv4) *vendor {
	room := r.MaxMessage - fixed - optionEnd
	for _, v := range reply.Options {
		room -= sizeOf(len(v))
	}
	return &vendor{room: room}
}

// boot is an answer that says what to boot (bsdp_request, S_client_update and
// X_netboot); message are the bytes of its type.
func (r Request) boot(m *dhcpv4.DHCPv4, s Server, b Boot, kind dhcpv4.MessageType, message ...byte) (*dhcpv4.DHCPv4, error) {
	switch {
	case len(b.File) > mostFile:
		return nil, fmt.Errorf("the booter's path has %d bytes; a BSDP answer has room for %d", len(b.File), mostFile)
	case len(b.RootPath) > mostOption:
		return nil, fmt.Errorf("the root path %.60s… has %d bytes; a BSDP answer has room for %d", b.RootPath, len(b.RootPath), mostOption)
	}
	reply := s.reply(m, kind)
	reply.BootFileName = b.File
	if b.RootPath != "" {
		reply.Options[optRootPath] = []byte(b.RootPath)
	}
	o := r.vendorFor(reply)
	if len(message) > 0 {
		o.add(CodeMessage, message...)
	}
	o.add(CodeSelected, b.Image.bytes()...)
	for _, text := range []struct {
		code  Code
		value string
	}{{CodeMachineName, b.MachineName}, {CodeShadowMount, b.ShadowMount}, {CodeShadowFile, b.ShadowFile}} {
		if text.value != "" && !o.add(text.code, []byte(text.value)...) {
			return nil, fmt.Errorf("the %s of %d bytes doesn't fit into a BSDP answer", text.code, len(text.value))
		}
	}
	reply.Options[optVendor] = o.b
	return reply, nil
}

// bytes is an ID as sub-options have it.
func (id ImageID) bytes() []byte { return binary.BigEndian.AppendUint32(nil, uint32(id)) }
