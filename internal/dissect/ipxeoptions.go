package dissect

import "fmt"

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
