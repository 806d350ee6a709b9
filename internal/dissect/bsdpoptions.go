package dissect

import "strings"

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
