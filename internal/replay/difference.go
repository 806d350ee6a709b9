package replay

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/record"
)

// answerText says what an answer is, in a line.
func answerText(proto record.Proto, b []byte) string { return plainNames(dissected(proto, b).Brief()) }

func dissected(proto record.Proto, b []byte) dissect.Packet {
	if proto == record.DHCP6 {
		return dissect.DHCPv6(b)
	}
	return dissect.DHCP(b)
}

// sealed is the first element of a path that Spur has sealed: two Spurs give the
// same file different ones.
var sealed = regexp.MustCompile(`[-_A-Za-z0-9]{40,}/`)

func plainNames(s string) string { return sealed.ReplaceAllString(s, "…/") }

// incidental are fields that differ from one exchange to the next.
func incidental(name string) bool {
	switch name {
	case "yiaddr", "server identifier", "secs", "subnet mask", "router", "name servers", "broadcast address", "address", "addresses (IA_NA)", "lease time", "renewal time", "rebinding time":
		return true
	}
	return false
}

// differences says in which fields an answer of today is another than the one that
// was given, but for what no machine decides by.
func differences(proto record.Proto, was, now []byte) []string {
	before, today := values(dissected(proto, was)), values(dissected(proto, now))
	var lines []string
	for _, v := range before {
		if !slices.Contains(today, v) {
			lines = append(lines, fmt.Sprintf("- %s %s %s", v.Code, v.Name, v.Value))
		}
	}
	for _, v := range today {
		if !slices.Contains(before, v) {
			lines = append(lines, fmt.Sprintf("+ %s %s %s", v.Code, v.Name, v.Value))
		}
	}
	return lines
}

// value is a field without what is in it.
type value struct{ Code, Name, Value string }

func values(p dissect.Packet) []value {
	var all []value
	var walk func(within string, fields []dissect.Field)
	walk = func(within string, fields []dissect.Field) {
		for _, f := range fields {
			if incidental(f.Name) {
				continue
			}
			all = append(all, value{within + f.Code, f.Name, plainNames(f.Value)})
			walk(within+f.Code+".", f.Sub)
		}
	}
	walk("", p.Fields)
	return all
}
