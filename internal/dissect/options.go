package dissect

// option is what is known of an option: its name, and how its value is written
// or, for one that has options in it, read.
type option struct {
	name string
	show show
	sub  func(v []byte, b *budget) []Field
}

// dhcpOption is what is known of an option of DHCP.
func dhcpOption(code uint8) option {
	switch code {
	case 1:
		return option{name: "subnet mask", show: address4}
	case 2:
		return option{name: "time offset", show: number}
	case 3:
		return option{name: "router", show: address4}
	case 6:
		return option{name: "name servers", show: address4}
	case 12:
		return option{name: "host name", show: either}
	case 13:
		return option{name: "boot file size in 512-byte units", show: number}
	case 15:
		return option{name: "domain name", show: either}
	case 17:
		return option{name: "root path", show: either}
	case 26:
		return option{name: "interface MTU", show: number}
	case 28:
		return option{name: "broadcast address", show: address4}
	case 42:
		return option{name: "NTP servers", show: address4}
	case 43:
		return option{name: "vendor-specific", sub: pxeOptions}
	case 50:
		return option{name: "requested address", show: address4}
	case 51:
		return option{name: "lease time", show: seconds}
	case 52:
		return option{name: "option overload", show: overloaded}
	case 53:
		return option{name: "message type", show: messageType}
	case 54:
		return option{name: "server identifier", show: address4}
	case 55:
		return option{name: "parameter request list", show: codes}
	case 56:
		return option{name: "message", show: either}
	case 57:
		return option{name: "maximum message size", show: number}
	case 58:
		return option{name: "renewal time", show: seconds}
	case 59:
		return option{name: "rebinding time", show: seconds}
	case 60:
		return option{name: "vendor class", show: either}
	case 61:
		return option{name: "client identifier", show: clientID}
	case 66:
		return option{name: "TFTP server name", show: either}
	case 67:
		return option{name: "boot file name", show: either}
	case 77:
		return option{name: "user class", show: userClass}
	case 80:
		return option{name: "rapid commit", show: none}
	case 81:
		return option{name: "client FQDN", show: either}
	}
	return lateOption(code)
}

// lateOption is the second half of the table, from relays and PXE on.
func lateOption(code uint8) option {
	switch code {
	case 82:
		return option{name: "relay agent information", sub: relayOptions}
	case 93:
		return option{name: "client architecture", show: archs}
	case 94:
		return option{name: "network interface", show: interfaceID}
	case 97:
		return option{name: "machine identifier", show: machineID}
	case 108:
		return option{name: "IPv6-only preferred", show: seconds}
	case 114:
		return option{name: "captive portal", show: either}
	case 116:
		return option{name: "auto-configure", show: flag}
	case 118:
		return option{name: "subnet selection", show: address4}
	case 119:
		return option{name: "domain search", show: raw}
	case 120:
		return option{name: "SIP servers", show: raw}
	case 121:
		return option{name: "classless routes", show: raw}
	case 124:
		return option{name: "vendor-identifying class", show: either}
	case 125:
		return option{name: "vendor-identifying information", show: raw}
	case 128, 129, 130, 131, 132, 133, 134, 135:
		return option{name: "PXE, undefined", show: either}
	case 150:
		return option{name: "TFTP server address", show: address4}
	case 175:
		return option{name: "iPXE", sub: ipxeOptions}
	case 208:
		return option{name: "PXELINUX magic", show: raw}
	case 209:
		return option{name: "PXELINUX configuration file", show: either}
	case 210:
		return option{name: "PXELINUX path prefix", show: either}
	case 211:
		return option{name: "PXELINUX reboot time", show: seconds}
	case 252:
		return option{name: "proxy discovery", show: either}
	}
	return option{name: "option", show: either}
}

// overloaded says which fields carry options as well.
func overloaded(v []byte) string {
	if len(v) == 1 && v[0] >= 1 && v[0] <= 3 {
		return "options go on in " + [...]string{"file", "sname", "file and sname"}[v[0]-1]
	}
	return raw(v)
}

func messageType(v []byte) string {
	if len(v) == 1 {
		return messageName(v[0])
	}
	return raw(v)
}

// field reads one option.
func (o option) field(code string, v []byte, b *budget) Field {
	f := Field{Code: code, Name: o.name}
	if o.sub != nil {
		if f.Sub = o.sub(v, b); f.Sub != nil {
			return f
		}
	}
	if o.show == nil {
		o.show = raw
	}
	f.Value = o.show(v)
	return f
}
