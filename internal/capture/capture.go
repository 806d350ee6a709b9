package capture

import (
	"net"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
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

// saw notes what a frame shows of where the capture was made. What is captured by
// hosts themselves has no receiver.
func (m *Machine) saw(p packet) {
	m.Unicast = m.Unicast || p.unicast() || p.to == nil
	if p.vlan != 0 {
		m.VLAN = p.vlan
	}
}
