package dissect

import "fmt"

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
