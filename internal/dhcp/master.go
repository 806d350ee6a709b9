package dhcp

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// masterOf names the bridge or bond that an interface is a port of, empty if it
// is none. A port hands what it receives to its master before a packet socket
// for IPv4 sees it: listening on it would be silence.
func masterOf(ifi net.Interface) (string, error) {
	rib, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return "", fmt.Errorf("ask what interface %s belongs to: %w", ifi.Name, err)
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return "", fmt.Errorf("ask what interface %s belongs to: %w", ifi.Name, err)
	}
	for _, m := range messages {
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		if index := int(int32(binary.NativeEndian.Uint32(m.Data[4:]))); index != ifi.Index {
			continue
		}
		attrs := attributes(m.Data[unix.SizeofIfInfomsg:])
		kind := attributes(attrs[unix.IFLA_LINKINFO])[unix.IFLA_INFO_SLAVE_KIND]
		if master := attrs[unix.IFLA_MASTER]; len(master) == 4 && takesAll(kind) {
			return interfaceName(int(binary.NativeEndian.Uint32(master))), nil
		}
	}
	return "", nil
}

// takesAll tells whether a master of this kind takes its ports' packets. A VRF
// doesn't.
func takesAll(kind []byte) bool {
	return slices.Contains([]string{"bridge", "bond", "team", "openvswitch"}, text(kind))
}

// attributes reads a list of netlink attributes (RFC 3549 section 2.3.2).
func attributes(b []byte) map[uint16][]byte {
	all := map[uint16][]byte{}
	for len(b) >= unix.SizeofRtAttr {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		all[binary.NativeEndian.Uint16(b[2:])&^unix.NLA_F_NESTED] = b[unix.SizeofRtAttr:size]
		b = b[min((size+3)&^3, len(b)):]
	}
	return all
}

func interfaceName(index int) string {
	ifi, err := net.InterfaceByIndex(index)
	if err != nil {
		return fmt.Sprintf("interface number %d", index)
	}
	return ifi.Name
}
