package dissect

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// suboptions reads options in an option: a code, a length, a value. With padded,
// 0 is padding and 255 the end, as in DHCP itself. What doesn't fit is said as the
// last of them. nil is no option at all.
func suboptions(v []byte, padded bool, known func(uint8) option, b *budget) []Field {
	var all []Field
	for len(v) > 0 {
		if padded && v[0] == 255 {
			return all
		}
		if padded && v[0] == 0 {
			v = v[1:]
			continue
		}
		if len(v) < 2 || len(v) < 2+int(v[1]) {
			return append(all, Field{Code: fmt.Sprint(v[0]), Name: "cut off by the end of the option", Value: raw(v[1:])})
		}
		if !b.take() {
			return all
		}
		all = append(all, known(v[0]).field(fmt.Sprint(v[0]), v[2:2+int(v[1])], b))
		v = v[2+int(v[1]):]
	}
	return all
}

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

// relayOptions is option 82 (RFC 3046 and later ones).
func relayOptions(v []byte, b *budget) []Field {
	return suboptions(v, false, func(code uint8) option {
		switch code {
		case 1:
			return option{name: "circuit identifier", show: either}
		case 2:
			return option{name: "remote identifier", show: either}
		case 5:
			return option{name: "link selection", show: address4}
		case 6:
			return option{name: "subscriber identifier", show: either}
		case 11:
			return option{name: "server identifier override", show: address4}
		case 12:
			return option{name: "relay identifier", show: raw}
		case 19:
			return option{name: "relay source port", show: none}
		case 151:
			return option{name: "virtual subnet", show: raw}
		}
		return option{name: "sub-option", show: either}
	}, b)
}

// ipxeOptions is option 175.
func ipxeOptions(v []byte, b *budget) []Field { return suboptions(v, true, ipxeOption, b) }

func ipxeOption(code uint8) option {
	features := map[uint8]string{
		16: "PXE", 17: "iSCSI", 18: "AoE", 19: "HTTP", 20: "HTTPS", 21: "TFTP", 22: "FTP", 23: "DNS",
		24: "bzImage", 25: "multiboot", 26: "SLAM", 27: "SRP", 32: "NBI", 33: "PXE images", 34: "ELF", 35: "COMBOOT", 36: "EFI",
		37: "FCoE", 38: "VLAN", 39: "menu", 40: "SDI", 41: "NFS",
	}
	if name, ok := features[code]; ok {
		return option{name: "can " + name, show: flag}
	}
	switch code {
	case 1:
		return option{name: "priority", show: signed}
	case 8:
		return option{name: "keep-san", show: flag}
	case 9:
		return option{name: "skip-san-boot", show: flag}
	case 81:
		return option{name: "scriptlet", show: either}
	case 85:
		return option{name: "syslog servers", show: either}
	case 91:
		return option{name: "certificate", show: raw}
	case 92:
		return option{name: "private key", show: hidden}
	case 93:
		return option{name: "cross-certificate", show: either}
	case 176:
		return option{name: "no-pxedhcp", show: flag}
	case 177:
		return option{name: "bus-id", show: busID}
	case 189:
		return option{name: "BIOS drive", show: number}
	case 190:
		return option{name: "user name", show: either}
	case 191, 193:
		return option{name: "password", show: hidden}
	case 192:
		return option{name: "reverse user name", show: either}
	case 235:
		return option{name: "version", show: version}
	}
	return option{name: "sub-option", show: either}
}

func signed(v []byte) string {
	if len(v) == 1 {
		return fmt.Sprint(int8(v[0]))
	}
	return raw(v)
}

func busID(v []byte) string {
	if len(v) != 5 {
		return raw(v)
	}
	kind := fmt.Sprintf("bus type %d", v[0])
	if v[0] == 1 {
		kind = "PCI"
	}
	return fmt.Sprintf("%s %x:%x", kind, v[1:3], v[3:5])
}

func version(v []byte) string {
	if len(v) != 3 {
		return raw(v)
	}
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
}

// bsdpOptions is option 43 between Macs and NetBoot servers.
func bsdpOptions(v []byte, b *budget) []Field {
	return suboptions(v, true, func(code uint8) option {
		switch code {
		case 1:
			return option{name: "BSDP message", show: bsdpMessage}
		case 2:
			return option{name: "BSDP version", show: raw}
		case 3:
			return option{name: "server identifier", show: address4}
		case 4:
			return option{name: "server priority", show: number}
		case 5:
			return option{name: "reply port", show: number}
		case 7:
			return option{name: "default image", show: raw}
		case 8:
			return option{name: "selected image", show: raw}
		case 9:
			return option{name: "images", show: bsdpImages}
		case 10:
			return option{name: "NetBoot 1.0", show: none}
		case 11:
			return option{name: "image attributes wanted", show: raw}
		case 12:
			return option{name: "maximum message size", show: number}
		case 128:
			return option{name: "shadow mount", show: either}
		case 129:
			return option{name: "shadow file", show: either}
		case 130:
			return option{name: "machine name", show: either}
		}
		return option{name: "sub-option", show: either}
	}, b)
}

func bsdpMessage(v []byte) string {
	if len(v) == 1 && v[0] >= 1 && v[0] <= 3 {
		return [...]string{"LIST", "SELECT", "FAILED"}[v[0]-1]
	}
	return raw(v)
}

func bsdpImages(v []byte) string {
	var all []string
	for rest := v; len(rest) > 0; {
		if len(rest) < 5 || len(rest) < 5+int(rest[4]) {
			return raw(v)
		}
		n := int(rest[4])
		all = append(all, raw(rest[:4])+" "+either(rest[5:5+n]))
		rest = rest[5+n:]
	}
	return line(strings.Join(all, "; "))
}
