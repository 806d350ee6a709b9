package dhcp

import (
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter lets through what a DHCP speaker on the given UDP ports should hear:
// whole, untagged IPv4 datagrams that came in from the wire and are addressed
// to this host. It drops our own frames (PACKET_OUTGOING), other hosts' frames
// on a promiscuous interface, and VLAN-tagged ones, which belong to the VLAN's
// own interface.
func filter(ports ...uint16) ([]bpf.RawInstruction, error) {
	const none = 0
	accept := []bpf.Instruction{bpf.LoadMemShift{Off: etherHeader}, bpf.LoadIndirect{Off: etherHeader + 2, Size: 2}}
	for i, port := range ports {
		left := uint8(len(ports) - i)
		accept = append(accept, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(port), SkipTrue: left})
	}
	accept = append(accept, bpf.RetConstant{Val: none}, bpf.RetConstant{Val: maxFrame})
	program := append(drops(uint32(none)), accept...)
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("assemble the packet filter: %w", err)
	}
	return raw, nil
}

// drops are the tests on everything but the port. Each returns by itself, so
// that none has to count the instructions of the others.
func drops(none uint32) []bpf.Instruction {
	drop := bpf.RetConstant{Val: none}
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: unix.PACKET_MULTICAST, SkipTrue: 1},
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

// rejectAll is a filter for a socket that only holds a port.
func rejectAll() ([]bpf.RawInstruction, error) {
	return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
}
