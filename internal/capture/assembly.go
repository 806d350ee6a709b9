package capture

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Bounds of what is kept.
const (
	maxMachines  = 256
	maxItems     = 2000 // of one machine
	maxKept      = 20_000
	maxMessage   = 9216 // bytes of one DHCP message: a jumbo frame
	maxAddresses = 4096
	maxNotes     = 64
	maxTransfers = 1024 // under way at a time
)

// Capture is what was found in a capture.
type Capture struct {
	Machines     []*Machine // in the order in which they appear
	Notes        []string   // about the capture as a whole
	Began, Ended time.Time  // the first packet and the last
	Packets      int
}

// Machine is what a capture has of one machine.
type Machine struct {
	MAC     boot.MAC
	Items   []*Item // in their order
	Omitted int     // items for which there was no room
	// Unicast: packets from or to the machine alone were captured, so that it means
	// something if there are none of a transfer.
	Unicast bool
	VLAN    uint16

	said map[string]bool
}

// Item is a packet of DHCP, a transfer or a remark.
type Item struct {
	Time     time.Time
	Proto    Proto
	Src, Dst netip.AddrPort
	From     net.HardwareAddr // who sent it, where the capture tells
	Message  []byte           // of DHCP
	Transfer *Transfer
	Remark   string
}

// Proto says what an item is.
type Proto string

// The kinds of items.
const (
	DHCP   Proto = "dhcp"
	DHCP6  Proto = "dhcp6"
	Fetch  Proto = "fetch"
	Remark Proto = "remark"
)

// Ports of DHCP, DHCPv6, PXE and TFTP.
const (
	serverPort  = 67
	clientPort  = 68
	tftpPort    = 69
	clientPort6 = 546
	serverPort6 = 547
	bootPort    = 4011
)

// assembly puts packets together.
type assembly struct {
	Capture
	machines  map[boot.MAC]*Machine
	addresses map[netip.Addr]*Machine
	duids     map[string]*Machine
	relayed   map[netip.Addr]bool // addresses of machines behind relays or routers
	routers   map[string]bool
	tftp      map[netip.AddrPort]*Transfer // by the machine's port
	conns     map[connection]*stream
	kept      int
	other     int // frames that are no IP
}

func newAssembly() *assembly {
	return &assembly{
		machines: map[boot.MAC]*Machine{}, addresses: map[netip.Addr]*Machine{}, duids: map[string]*Machine{}, relayed: map[netip.Addr]bool{},
		routers: map[string]bool{}, tftp: map[netip.AddrPort]*Transfer{}, conns: map[connection]*stream{},
	}
}

func (a *assembly) note(format string, args ...any) {
	if len(a.Notes) < maxNotes {
		a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
	}
}

// machine finds or makes a machine; nil where there are too many.
func (a *assembly) machine(mac boot.MAC) *Machine {
	if m, ok := a.machines[mac]; ok {
		return m
	}
	if mac == (boot.MAC{}) || mac[0]&1 != 0 {
		return nil
	}
	if len(a.Machines) == maxMachines {
		a.once("it has more than %d machines, of which the others are left out", maxMachines)
		return nil
	}
	m := &Machine{MAC: mac, said: map[string]bool{}}
	a.machines[mac] = m
	a.Machines = append(a.Machines, m)
	return m
}

// once notes something that would be noted again and again.
func (a *assembly) once(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range a.Notes {
		if n == text {
			return
		}
	}
	a.note("%s", text)
}

// at is the machine that has an address; nil for any other host.
func (a *assembly) at(addr netip.Addr) *Machine { return a.addresses[addr] }

// has notes that a machine has an address from now on.
func (a *assembly) has(m *Machine, addr netip.Addr) {
	if !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return
	}
	if _, known := a.addresses[addr]; known || len(a.addresses) < maxAddresses {
		a.addresses[addr] = m
	}
}

// add keeps an item.
func (a *assembly) add(m *Machine, i *Item) {
	if len(m.Items) >= maxItems || a.kept >= maxKept {
		m.Omitted++
		return
	}
	a.kept++
	m.Items = append(m.Items, i)
}

// maxRemarks bounds the different remarks about one machine.
const maxRemarks = 32

// once remarks something about a machine, unless it was remarked before.
func (m *Machine) once(at time.Time, text string) {
	if m.said[text] || len(m.said) == maxRemarks {
		return
	}
	m.said[text] = true
	m.Items = append(m.Items, &Item{Time: at, Proto: Remark, Remark: text})
}

// udp takes in a datagram.
func (a *assembly) udp(at time.Time, p packet, src, dst netip.AddrPort, payload []byte) {
	switch {
	case isDHCP(src, dst) && src.Addr().Is4():
		a.dhcp(at, p, src, dst, payload)
	case isDHCP(src, dst):
		a.dhcp6(at, p, src, dst, payload)
	case dst.Port() == tftpPort:
		a.tftpRequest(at, p, src, dst, payload)
	default:
		a.tftpPacket(at, src, dst, payload, p.size)
	}
}

func isDHCP(src, dst netip.AddrPort) bool {
	switch dst.Port() {
	case serverPort, clientPort, bootPort, serverPort6, clientPort6:
		return true
	}
	return src.Port() == bootPort || src.Port() == serverPort || src.Port() == serverPort6
}

// The layout of RFC 2131 section 2.
const (
	chaddrAt  = 28
	optionsAt = 240
	reply     = 2
)

// dhcp takes in a message of DHCPv4, whoever sent it.
func (a *assembly) dhcp(at time.Time, p packet, src, dst netip.AddrPort, b []byte) {
	if len(b) < optionsAt || b[1] != 1 || b[2] != 6 {
		return
	}
	m := a.machine(boot.MAC(b[chaddrAt : chaddrAt+6]))
	if m == nil {
		return
	}
	ciaddr, yiaddr, giaddr := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:])), netip.AddrFrom4([4]byte(b[24:]))
	a.has(m, ciaddr)
	a.has(m, yiaddr)
	if !giaddr.IsUnspecified() {
		a.relayed[yiaddr] = len(a.relayed) < maxAddresses
	}
	m.saw(p)
	a.add(m, &Item{Time: at, Proto: DHCP, Src: src, Dst: dst, From: clone(p.from), Message: clone(b[:min(len(b), maxMessage)])})
}

// saw notes what a frame shows of where the capture was made. What is captured by
// hosts themselves has no receiver.
func (m *Machine) saw(p packet) {
	m.Unicast = m.Unicast || p.unicast() || p.to == nil
	if p.vlan != 0 {
		m.VLAN = p.vlan
	}
}

func clone[T ~[]byte](b T) T { return append(T(nil), b...) }

// dhcp6 takes in a message of DHCPv6. Who it is about is told by its identifier
// (option 1), which the first request with the card's address in its frame, or in
// what a relay says, ties to a machine.
func (a *assembly) dhcp6(at time.Time, p packet, src, dst netip.AddrPort, b []byte) {
	inner, link := Unwrap6(b)
	if len(inner) < 4 {
		return
	}
	id := string(option6(inner[4:], 1))
	m, known := a.duids[id]
	if !known {
		if isReply6(inner[0]) {
			return
		}
		if m = a.machine(card6(src.Addr(), p, link, id)); m == nil {
			return
		}
		if id != "" && len(a.duids) < maxAddresses {
			a.duids[id] = m
		}
	}
	if !isReply6(inner[0]) && len(b) == len(inner) {
		a.has(m, src.Addr())
	}
	for _, addr := range addresses6(inner[4:]) {
		a.has(m, addr)
	}
	m.saw(p)
	a.add(m, &Item{Time: at, Proto: DHCP6, Src: src, Dst: dst, From: clone(p.from), Message: clone(b[:min(len(b), maxMessage)])})
}

func isReply6(kind byte) bool { return kind == 2 || kind == 7 || kind == 10 }

// card6 is the hardware address of a client: as its relay tells it, else as its
// link-local address or the frame shows it, else one made of its identifier.
func card6(src netip.Addr, p packet, link net.HardwareAddr, id string) boot.MAC {
	if link == nil && src.IsLinkLocalUnicast() {
		if link = fromEUI64(src); link == nil {
			link = p.from
		}
	}
	if len(link) == 6 {
		return boot.MAC(link)
	}
	sum := sha256.Sum256([]byte(id))
	sum[0] = sum[0]&^1 | 2 // locally administered (IEEE 802)
	return boot.MAC(sum[:6])
}

// fromEUI64 is the hardware address that a link-local address was made of
// (RFC 4291 appendix A), or nil.
func fromEUI64(a netip.Addr) net.HardwareAddr {
	b := a.As16()
	if !a.IsLinkLocalUnicast() || b[11] != 0xff || b[12] != 0xfe {
		return nil
	}
	return net.HardwareAddr{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]}
}

// Unwrap6 takes off what relays put around a message, and returns the hardware
// address that the relay next to the client tells (RFC 6939), or that shows in the
// address from which it heard the client, if any.
func Unwrap6(b []byte) (inner []byte, link net.HardwareAddr) {
	for range 32 { // HOP_COUNT_LIMIT is 8 (RFC 8415 section 7.6)
		if len(b) < 34 || b[0] != 12 && b[0] != 13 {
			return b, link
		}
		link = fromEUI64(netip.AddrFrom16([16]byte(b[18:])))
		if v := option6(b[34:], 79); len(v) == 8 && v[1] == 1 {
			link = net.HardwareAddr(clone(v[2:]))
		}
		b = option6(b[34:], 9)
	}
	return nil, nil
}

// option6 is the first option of a code, or nil.
func option6(b []byte, code uint16) []byte {
	for len(b) >= 4 {
		size := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+size {
			return nil
		}
		if binary.BigEndian.Uint16(b) == code {
			return b[4 : 4+size]
		}
		b = b[4+size:]
	}
	return nil
}

// addresses6 are the addresses of a reply's associations.
func addresses6(b []byte) []netip.Addr {
	ia := option6(b, 3)
	if len(ia) < 12 {
		return nil
	}
	if v := option6(ia[12:], 5); len(v) >= 16 {
		return []netip.Addr{netip.AddrFrom16([16]byte(v))}
	}
	return nil
}
