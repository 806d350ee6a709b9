package dissect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// The sizes of headers in RFC 8415 sections 8 and 9.
const (
	header6      = 4
	relayHeader6 = 34
)

// DHCPv6 reads a message of DHCPv6, and those that relays carry.
func DHCPv6(b []byte) Packet {
	r := &dhcp6Reader{budget: budget{maxFields}}
	title, fields := r.message(b, 0)
	return Packet{Title: title, Fields: fields, Faults: r.faults}
}

// dhcp6Reader goes through a message.
type dhcp6Reader struct {
	budget budget
	faults []string
}

func (r *dhcp6Reader) fault(format string, a ...any) {
	if len(r.faults) < 16 {
		r.faults = append(r.faults, fmt.Sprintf(format, a...))
	}
}

func messageName6(kind byte) string {
	names := [...]string{
		"SOLICIT", "ADVERTISE", "REQUEST", "CONFIRM", "RENEW", "REBIND", "REPLY", "RELEASE", "DECLINE", "RECONFIGURE",
		"INFORMATION-REQUEST", "RELAY-FORWARD", "RELAY-REPLY",
	}
	if int(kind) >= 1 && int(kind) <= len(names) {
		return names[kind-1]
	}
	return fmt.Sprintf("DHCPv6 message of type %d", kind)
}

func isRelayed6(kind byte) bool { return kind == 12 || kind == 13 }

// message reads one message, and what it carries.
func (r *dhcp6Reader) message(b []byte, depth int) (string, []Field) {
	if len(b) < header6 {
		r.fault("%d bytes are too few for a header", len(b))
		return "no DHCPv6", nil
	}
	if !isRelayed6(b[0]) {
		return fmt.Sprintf("%s, transaction %x", messageName6(b[0]), b[1:4]), r.options(b[header6:], depth)
	}
	if len(b) < relayHeader6 {
		r.fault("%d bytes are too few for a relay's header", len(b))
		return messageName6(b[0]), nil
	}
	fields := []Field{
		{Name: "hops", Value: fmt.Sprint(b[1])},
		{Name: "link address", Value: netip.AddrFrom16([16]byte(b[2:])).String()},
		{Name: "peer address", Value: netip.AddrFrom16([16]byte(b[18:])).String()},
	}
	return messageName6(b[0]), append(fields, r.options(b[relayHeader6:], depth)...)
}

// options reads options up to the end, or to one that doesn't fit.
func (r *dhcp6Reader) options(b []byte, depth int) []Field {
	var all []Field
	for len(b) > 0 {
		if len(b) < 4 || len(b) < 4+int(binary.BigEndian.Uint16(b[2:])) {
			r.fault("an option is cut off by the end: %s", raw(b))
			return all
		}
		if !r.budget.take() || depth > maxDepth {
			r.fault("there are more options than are shown")
			return all
		}
		code, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		all = append(all, r.option(code, b[4:4+size], depth))
		b = b[4+size:]
	}
	return all
}

// option reads one option. Some have others behind fields of their own.
func (r *dhcp6Reader) option(code uint16, v []byte, depth int) Field {
	f := Field{Code: fmt.Sprint(code)}
	switch {
	case code == 9:
		f.Name = "relayed message"
		f.Value, f.Sub = r.message(v, depth+1)
		return f
	case code == 3 && len(v) >= 12:
		f.Name = "addresses (IA_NA)"
		f.Value = fmt.Sprintf("IAID %x, renew after %s, rebind after %s", v[:4], seconds(v[4:8]), seconds(v[8:12]))
		f.Sub = r.options(v[12:], depth+1)
		return f
	case code == 5 && len(v) >= 24:
		f.Name = "address"
		f.Value = fmt.Sprintf("%s, preferred %s, valid %s", address6(v[:16]), seconds(v[16:20]), seconds(v[20:24]))
		f.Sub = r.options(v[24:], depth+1)
		return f
	}
	name, show := dhcp6Option(code)
	f.Name, f.Value = name, show(v)
	return f
}

// dhcp6Option is the name of an option, and how its value is written.
func dhcp6Option(code uint16) (string, show) {
	switch code {
	case 1:
		return "client identifier", duid
	case 2:
		return "server identifier", duid
	case 3:
		return "addresses (IA_NA)", raw
	case 4:
		return "temporary addresses (IA_TA)", raw
	case 5:
		return "address", raw
	case 6:
		return "requested options", codes6
	case 7:
		return "preference", number
	case 8:
		return "elapsed time", hundredths
	case 11:
		return "authentication", raw
	case 12:
		return "server unicast", address6
	case 13:
		return "status", status6
	case 14:
		return "rapid commit", none
	case 15:
		return "user class", texts6
	case 16:
		return "vendor class", vendorClass6
	case 17:
		return "vendor options", vendorOptions6
	case 18:
		return "interface identifier", either
	case 19:
		return "reconfigure message", number
	case 20:
		return "reconfigure accept", none
	case 23:
		return "name servers", address6
	case 24:
		return "domain search", raw
	case 25:
		return "prefixes (IA_PD)", raw
	case 31:
		return "SNTP servers", address6
	case 32:
		return "information refresh time", seconds
	case 37:
		return "remote identifier", raw
	case 39:
		return "client FQDN", either
	case 56:
		return "NTP servers", raw
	case 59:
		return "boot file URL", either
	case 60:
		return "boot file parameters", texts6
	case 61:
		return "client architecture", archs
	case 62:
		return "network interface", interfaceID
	case 79:
		return "client link-layer address", linkLayer6
	case 135:
		return "relay source port", number
	}
	return "option", either
}

func hundredths(v []byte) string {
	n, ok := integer(v)
	if !ok || len(v) != 2 {
		return raw(v)
	}
	return fmt.Sprintf("%d.%02d s", n/100, n%100)
}

// status6 is a status code (RFC 8415 section 21.13).
func status6(v []byte) string {
	if len(v) < 2 {
		return raw(v)
	}
	n := binary.BigEndian.Uint16(v)
	names := [...]string{"success", "unspecified failure", "no addresses available", "no binding", "not on link", "use multicast", "no prefixes available"}
	what := fmt.Sprintf("status %d", n)
	if int(n) < len(names) {
		what = names[n]
	}
	if len(v) > 2 {
		what += ", " + either(v[2:])
	}
	return what
}

// texts6 are strings, each behind its length of two bytes.
func texts6(v []byte) string {
	var all []string
	for rest := v; len(rest) > 0; {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return either(v)
		}
		n := int(binary.BigEndian.Uint16(rest))
		all = append(all, either(rest[2:2+n]))
		rest = rest[2+n:]
	}
	if all == nil {
		return "empty"
	}
	return line(strings.Join(all, ", "))
}

func vendorClass6(v []byte) string {
	if len(v) < 4 {
		return raw(v)
	}
	return fmt.Sprintf("enterprise %d: %s", binary.BigEndian.Uint32(v), texts6(v[4:]))
}

func vendorOptions6(v []byte) string {
	if len(v) < 4 {
		return raw(v)
	}
	return fmt.Sprintf("enterprise %d: %s", binary.BigEndian.Uint32(v), raw(v[4:]))
}

func linkLayer6(v []byte) string {
	if len(v) < 3 {
		return raw(v)
	}
	return hardware(binary.BigEndian.Uint16(v), v[2:])
}
