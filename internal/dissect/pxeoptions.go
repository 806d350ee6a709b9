package dissect

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// pxeOptions is option 43 as PXE 2.1 has it (table 2-1).
func pxeOptions(v []byte, b *budget) []Field { return suboptions(v, true, pxeOption, b) }

func pxeOption(code uint8) option {
	switch code {
	case 1:
		return option{name: "MTFTP address", show: address4}
	case 2:
		return option{name: "MTFTP client port", show: number}
	case 3:
		return option{name: "MTFTP server port", show: number}
	case 4:
		return option{name: "MTFTP time-out", show: seconds}
	case 5:
		return option{name: "MTFTP delay", show: seconds}
	case 6:
		return option{name: "discovery control", show: discoveryControl}
	case 7:
		return option{name: "discovery multicast address", show: address4}
	case 8:
		return option{name: "boot servers", show: bootServers}
	case 9:
		return option{name: "boot menu", show: bootMenu}
	case 10:
		return option{name: "menu prompt", show: menuPrompt}
	case 11:
		return option{name: "multicast address allocation", show: raw}
	case 12:
		return option{name: "credential types", show: raw}
	case 71:
		return option{name: "boot item", show: bootItem}
	}
	return option{name: "sub-option", show: either}
}

// discoveryControl is PXE_DISCOVERY_CONTROL, bit by bit.
func discoveryControl(v []byte) string {
	if len(v) != 1 {
		return raw(v)
	}
	var says []string
	for bit, what := range [...]string{
		"no discovery by broadcast", "no discovery by multicast", "only the listed boot servers", "start the boot file of this packet, without menu or discovery",
	} {
		if v[0]&(1<<bit) != 0 {
			says = append(says, what)
		}
	}
	if says == nil {
		says = []string{"discover boot servers"}
	}
	return fmt.Sprintf("%#02x: %s", v[0], strings.Join(says, "; "))
}

// serverType is a type of boot servers (PXE 2.1 table 2-1, sub-option 8).
func serverType(n uint16) string {
	names := [...]string{"local boot", "Microsoft RIS or WDS", "Intel LCM", "DOS/UNDI", "NEC ESMPRO", "IBM WSoD", "IBM LCCM", "CA Unicenter TNG", "HP OpenView"}
	if int(n) < len(names) {
		return fmt.Sprintf("type %d (%s)", n, names[n])
	}
	return fmt.Sprintf("type %d", n)
}

func bootServers(v []byte) string {
	var all []string
	for rest := v; len(rest) > 0; {
		if len(rest) < 3 || len(rest) < 3+4*int(rest[2]) {
			return raw(v)
		}
		n := 4 * int(rest[2])
		addr := "by discovery"
		if n > 0 {
			addr = address4(rest[3 : 3+n])
		}
		all = append(all, serverType(binary.BigEndian.Uint16(rest))+": "+addr)
		rest = rest[3+n:]
	}
	return line(strings.Join(all, "; "))
}

func bootMenu(v []byte) string {
	var all []string
	for rest := v; len(rest) > 0; {
		if len(rest) < 3 || len(rest) < 3+int(rest[2]) {
			return raw(v)
		}
		n := int(rest[2])
		all = append(all, serverType(binary.BigEndian.Uint16(rest))+": "+either(rest[3:3+n]))
		rest = rest[3+n:]
	}
	return line(strings.Join(all, "; "))
}

func menuPrompt(v []byte) string {
	if len(v) == 0 {
		return raw(v)
	}
	how := fmt.Sprintf("for %d s", v[0])
	switch v[0] {
	case 0:
		how = "take the first item at once"
	case 255:
		how = "show the menu and wait"
	}
	return fmt.Sprintf("%s: %s", either(v[1:]), how)
}

// bootItem is PXE_BOOT_ITEM: what was chosen, and which part of that.
func bootItem(v []byte) string {
	if len(v) != 4 {
		return raw(v)
	}
	layer := binary.BigEndian.Uint16(v[2:])
	what := fmt.Sprintf("%s, layer %d", serverType(binary.BigEndian.Uint16(v)), layer&0x7fff)
	if layer&0x8000 != 0 {
		what += ", credentials"
	}
	return what
}
