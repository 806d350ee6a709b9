package dhcp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// masters names, by the index of a port, the bridge or bond that it is a port
// of. A port hands what it receives to its master before a packet socket for
// IPv4 sees it: listening on it would be silence.
func masters() (map[int]string, error) {
	rib, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("ask which interfaces are ports: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil, fmt.Errorf("ask which interfaces are ports: %w", err)
	}
	names, ports := map[int]string{}, map[int]int{}
	for _, m := range messages {
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		index := int(int32(binary.NativeEndian.Uint32(m.Data[4:])))
		attrs := attributes(m.Data[unix.SizeofIfInfomsg:])
		names[index] = text(attrs[unix.IFLA_IFNAME])
		kind := attributes(attrs[unix.IFLA_LINKINFO])[unix.IFLA_INFO_SLAVE_KIND]
		if master := attrs[unix.IFLA_MASTER]; len(master) == 4 && takesAll(kind) {
			ports[index] = int(binary.NativeEndian.Uint32(master))
		}
	}
	of := map[int]string{}
	for port, master := range ports {
		of[port] = names[master]
	}
	return of, nil
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
