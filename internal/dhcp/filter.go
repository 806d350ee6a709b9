package dhcp

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter lets through what a DHCP speaker on the given UDP ports should hear:
// whole, untagged IPv4 datagrams that came in from the wire and are addressed
// to this host. It drops our own frames (PACKET_OUTGOING), other hosts' frames
// on a promiscuous interface, and VLAN-tagged ones, which belong to the VLAN's
// own interface. What other servers send to clients is heard whoever it is for.
func filter(ports ...uint16) ([]bpf.RawInstruction, error) {
	toAll := slices.DeleteFunc(slices.Clone(ports), func(p uint16) bool { return p != ClientPort })
	toAnyone, toUs := takes(toAll), takes(ports)
	program := slices.Concat(drops(), []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: unix.PACKET_MULTICAST, SkipTrue: uint8(len(toAnyone))},
	}, toAnyone, toUs)
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("assemble the packet filter: %w", err)
	}
	return raw, nil
}

// takes lets through datagrams to the given ports, and ends.
func takes(ports []uint16) []bpf.Instruction {
	test := []bpf.Instruction{bpf.LoadMemShift{Off: etherHeader}, bpf.LoadIndirect{Off: etherHeader + 2, Size: 2}}
	for i, port := range ports {
		left := uint8(len(ports) - i)
		test = append(test, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(port), SkipTrue: left})
	}
	return append(test, bpf.RetConstant{Val: nothing}, bpf.RetConstant{Val: maxFrame})
}

// nothing is how much of a frame is let through that is dropped.
const nothing = 0

// drops are the tests on everything but the port. Each returns by itself, so
// that none has to count the instructions of the others.
func drops() []bpf.Instruction {
	drop := bpf.RetConstant{Val: nothing}
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: unix.PACKET_OTHERHOST, SkipTrue: 1},
		drop,
		// VLAN 0 is a priority only (IEEE 802.1Q), and what is there without a tag.
		bpf.LoadExtension{Num: bpf.ExtVLANTag},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x0fff, SkipTrue: 1},
		drop,
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherIPv4, SkipTrue: 1},
		drop,
		bpf.LoadAbsolute{Off: etherHeader + 9, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoUDP, SkipTrue: 1},
		drop,
		bpf.LoadAbsolute{Off: etherHeader + 6, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x3fff, SkipTrue: 1},
		drop,
	}
}

// rejectAll is a filter for a socket that only guards a port.
func rejectAll() ([]bpf.RawInstruction, error) {
	return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: nothing}})
}
