package scsi

import (
	"slices"

	"github.com/spurboot/spur/block/handoff"
)

// Nexus is what a Unit knows of one initiator that uses it, an I_T_L nexus
// (SAM-5 section 4.8). A transport fills in the fields, which don't change
// afterwards, and joins it to its unit.
//
// A Nexus that has not joined is that of LUNs without a unit. It carries out the
// few commands that are answered there, and REPORT LUNS.
type Nexus struct {
	// Initiator is the name of the initiator's port, such as
	// iqn.2026-11.com.example:host,i,0x800000000000. Registrations and persistent
	// reservations belong to it, and outlive the Nexus.
	Initiator string
	// Target is the name of the target device; its one port is number 1.
	Target string
	LUN    uint64
	// Units are all of the target, by LUN.
	Units map[uint64]*Unit
	// MaxTransfer is the most bytes that a command moves (16 MiB).
	MaxTransfer int
	// Abort aborts all commands of this nexus, and returns when none is carried out
	// any more. A reset, or a PREEMPT AND ABORT of another nexus, calls it.
	Abort func()

	unit    *Unit
	latency [2]handoff.Latency // of reads and of writes

	// Under unit.mu.
	attentions []senseCode
	prevents   bool // medium removal
}

// Join makes commands of the nexus go to the unit.
func (n *Nexus) Join(u *Unit) {
	u.once.Do(func() { u.open(n) })
	if n.MaxTransfer == 0 {
		n.MaxTransfer = 16 << 20
	}
	n.unit = u
	u.mu.Lock()
	defer u.mu.Unlock()
	u.nexuses = append(u.nexuses, n)
}

// Leave is the loss of an I_T nexus: what it reserved and prevented is free
// again, persistent reservations stay (SAM-5 section 6.3.4). No command of it is
// carried out any more.
func (n *Nexus) Leave() {
	u := n.unit
	u.mu.Lock()
	defer u.mu.Unlock()
	u.nexuses = slices.DeleteFunc(u.nexuses, func(other *Nexus) bool { return other == n })
	if u.holder == n {
		u.holder = nil
	}
}

// maxAttentions is how many unit attentions wait; SPC-4 asks for no number.
const maxAttentions = 8

// attend establishes a unit attention. The caller holds u.mu.
func (n *Nexus) attend(code senseCode) {
	if len(n.attentions) < maxAttentions && !slices.Contains(n.attentions, code) {
		n.attentions = append(n.attentions, code)
	}
}

// attendOthers establishes a unit attention for all but one. The caller holds
// u.mu.
func (u *Unit) attendOthers(but *Nexus, code senseCode) {
	for _, n := range u.nexuses {
		if n != but {
			n.attend(code)
		}
	}
}

// attendPorts establishes a unit attention for the nexuses of ports. The caller
// holds u.mu.
func (u *Unit) attendPorts(match func(portID) bool, code senseCode) {
	for _, n := range u.nexuses {
		if match(n.port()) {
			n.attend(code)
		}
	}
}

// attendRegistered establishes a unit attention for the nexuses of all ports that
// are registered but one. The caller holds u.mu.
func (u *Unit) attendRegistered(but portID, code senseCode) {
	u.attendPorts(func(p portID) bool { return p != but && u.reserves.find(p) >= 0 }, code)
}

// takeAttention returns the oldest unit attention and clears it.
func (n *Nexus) takeAttention() senseCode {
	n.unit.mu.Lock()
	defer n.unit.mu.Unlock()
	n.unit.noticeSize()
	if len(n.attentions) == 0 {
		return senseNone
	}
	code := n.attentions[0]
	n.attentions = slices.Delete(n.attentions, 0, 1)
	return code
}

// noticeSize tells all nexuses when the device has another size than before.
// The caller holds u.mu.
func (u *Unit) noticeSize() {
	if size := u.Device.Size(); size != u.size {
		u.size = size
		u.attendOthers(nil, senseCapacity)
	}
}

// latencyOf is how long the device takes for commands like this one, nil for one
// that may always take long, and for what is no read or write. Those with FUA
// wait for the medium.
func (n *Nexus) latencyOf(c *Command) *handoff.Latency {
	if c.fua() {
		return nil
	}
	switch c.CDB[0] {
	case 0x08, 0x28, 0x88, 0xa8:
		return &n.latency[0]
	case 0x0a, 0x2a, 0x8a, 0xaa:
		return &n.latency[1]
	}
	return nil
}

// Quick says whether the command is a read or write that the device is expected
// to be quick about, judged by those before it (see block/handoff).
func (n *Nexus) Quick(c *Command) bool { return n.latencyOf(c).Quick() }
