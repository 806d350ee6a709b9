package dissect

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// The layout of RFC 2131 section 2.
const (
	chaddrAt  = 28
	snameAt   = 44
	fileAt    = 108
	cookieAt  = 236
	optionsAt = 240
	cookie    = 0x63825363
	broadcast = 0x8000
)

// DHCP reads a message of DHCPv4, or of BOOTP.
func DHCP(b []byte) Packet {
	if len(b) < cookieAt {
		return Packet{Title: "no DHCP", Faults: []string{fmt.Sprintf("%d bytes are too few for the fixed fields of BOOTP", len(b))}}
	}
	p := Packet{Title: bootpName(b[0])}
	p.header(b)
	if len(b) < optionsAt || binary.BigEndian.Uint32(b[cookieAt:]) != cookie {
		p.Faults = append(p.Faults, "there is no magic cookie, and so no options")
		return p
	}
	r := &dhcpReader{Packet: &p, budget: budget{maxFields}, bsdp: isBSDP(b[optionsAt:])}
	r.field("options", b[optionsAt:], true)
	if r.overload&1 != 0 {
		r.field("file", b[fileAt:cookieAt], false)
	}
	if r.overload&2 != 0 {
		r.field("sname", b[snameAt:fileAt], false)
	}
	if r.kind != 0 {
		p.Title = messageName(r.kind)
	}
	p.Title += fmt.Sprintf(", transaction %x", b[4:8])
	if r.overload&1 == 0 {
		p.name("file", b[fileAt:cookieAt])
	}
	if r.overload&2 == 0 {
		p.name("sname", b[snameAt:fileAt])
	}
	return p
}

func bootpName(op byte) string {
	switch op {
	case 1:
		return "BOOTP request"
	case 2:
		return "BOOTP reply"
	}
	return fmt.Sprintf("BOOTP of operation %d", op)
}

func messageName(kind byte) string {
	names := [...]string{"DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM", "FORCERENEW"}
	if int(kind) >= 1 && int(kind) <= len(names) {
		return names[kind-1]
	}
	return fmt.Sprintf("DHCP message of type %d", kind)
}

// header reads the fixed fields, as far as they say something.
func (p *Packet) header(b []byte) {
	add := func(name, value string) { p.Fields = append(p.Fields, Field{Name: name, Value: value}) }
	size := int(b[2])
	if size > 16 {
		p.Faults = append(p.Faults, fmt.Sprintf("a hardware address of %d bytes doesn't fit its field", size))
		size = 16
	}
	add("chaddr", hardwareOf(b[1], b[chaddrAt:chaddrAt+size]))
	if secs := binary.BigEndian.Uint16(b[8:]); secs != 0 {
		add("secs", fmt.Sprint(secs))
	}
	if hops := b[3]; hops != 0 {
		add("hops", fmt.Sprint(hops))
	}
	if binary.BigEndian.Uint16(b[10:])&broadcast != 0 {
		add("flags", "broadcast")
	}
	for i, name := range [...]string{"ciaddr", "yiaddr", "siaddr", "giaddr"} {
		if a := netip.AddrFrom4([4]byte(b[12+4*i:])); !a.IsUnspecified() {
			add(name, a.String())
		}
	}
}

func hardwareOf(kind byte, v []byte) string {
	if kind == 1 && len(v) == 6 {
		return net.HardwareAddr(v).String()
	}
	return hardware(uint16(kind), v)
}

// name adds a field that is filled up with NUL, where it says something. It comes
// before the options.
func (p *Packet) name(name string, b []byte) {
	value, _, _ := strings.Cut(string(b), "\x00")
	if value == "" {
		return
	}
	at := 0
	for at < len(p.Fields) && p.Fields[at].Code == "" {
		at++
	}
	p.Fields = append(p.Fields[:at:at], append([]Field{{Name: name, Value: text([]byte(value))}}, p.Fields[at:]...)...)
}

// dhcpReader goes through the options of a message.
type dhcpReader struct {
	*Packet
	budget   budget
	bsdp     bool // option 43 is Apple's
	overload byte
	kind     byte
}

// field reads the options of one field. Only the first must have an END.
func (r *dhcpReader) field(where string, b []byte, needsEnd bool) {
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			r.Faults = append(r.Faults, fmt.Sprintf("option %d is cut off by the end of %s", b[0], where))
			return
		}
		if !r.budget.take() {
			r.Faults = append(r.Faults, "there are more options than are shown")
			return
		}
		r.option(b[0], b[2:2+int(b[1])])
		b = b[2+int(b[1]):]
	}
	if len(b) == 0 && needsEnd {
		r.Faults = append(r.Faults, "the options have no END (255)")
	}
}

func (r *dhcpReader) option(code uint8, v []byte) {
	switch {
	case code == 52 && len(v) == 1:
		r.overload = v[0]
	case code == 53 && len(v) > 0:
		r.kind = v[0]
	}
	o := dhcpOption(code)
	if code == 43 && r.bsdp {
		o.sub = bsdpOptions
	}
	r.Fields = append(r.Fields, o.field(fmt.Sprint(code), v, &r.budget))
	if (code == 66 || code == 67) && strings.ContainsRune(string(v), 0) {
		r.Faults = append(r.Faults, fmt.Sprintf("option %d has a NUL in it: firmware that goes by the length takes it for a part of the name", code))
	}
}

// isBSDP tells whether option 60 says that option 43 is Apple's.
func isBSDP(b []byte) bool {
	for len(b) >= 2 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2+int(b[1]) {
			return false
		}
		if b[0] == 60 {
			return strings.HasPrefix(string(b[2:2+int(b[1])]), "AAPLBSDPC")
		}
		b = b[2+int(b[1]):]
	}
	return false
}
