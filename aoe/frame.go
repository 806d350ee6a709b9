package aoe

import (
	"encoding/binary"
	"net"
)

// EtherType is AoE's registered one.
const EtherType = 0x88a2

// Broadcast addresses (section 2.4, 2.5).
const (
	AnyShelf uint16 = 0xffff
	AnySlot  uint8  = 0xff
)

// Sizes in bytes, from the beginning of the Ethernet frame.
const (
	headerSize = 24
	ataSize    = headerSize + 12
	configSize = headerSize + 8
	maskSize   = headerSize + 4
	rsvSize    = headerSize + 2

	sector = 512
)

// Flags, and the version in the other half of the octet (2.2, 2.3).
const (
	version      = 1
	flagResponse = 1 << 3
	flagError    = 1 << 2
)

// Commands (2.6).
const (
	cmdATA     = 0
	cmdConfig  = 1
	cmdMask    = 2
	cmdReserve = 3
)

// Errors (2.3).
const (
	errCommand      = 1 // unrecognized command code
	errArgument     = 2 // bad argument parameter
	errConfigString = 4 // config string present
	errVersion      = 5 // unsupported version
	errReserved     = 6 // target is reserved
)

// MAC is an Ethernet address that can be compared.
type MAC [6]byte

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// frame is a whole Ethernet frame with an AoE header.
type frame []byte

// newFrame is the header of a frame to everybody.
func newFrame(from MAC, shelf uint16, slot, command uint8) frame {
	f := make(frame, headerSize, configSize+maxConfig)
	copy(f, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	copy(f[6:], from[:])
	binary.BigEndian.PutUint16(f[12:], EtherType)
	f[14] = version << 4
	binary.BigEndian.PutUint16(f[16:], shelf)
	f[18], f[19] = slot, command
	return f
}

// valid says whether it is an AoE request that is long enough to be looked at.
func (f frame) valid() bool {
	return len(f) >= headerSize && binary.BigEndian.Uint16(f[12:]) == EtherType && f[14]&flagResponse == 0
}

func (f frame) source() MAC    { return MAC(f[6:12]) }
func (f frame) version() uint8 { return f[14] >> 4 }
func (f frame) shelf() uint16  { return binary.BigEndian.Uint16(f[16:]) }
func (f frame) slot() uint8    { return f[18] }
func (f frame) command() uint8 { return f[19] }
func (f frame) tag() uint32    { return binary.BigEndian.Uint32(f[20:]) }

// answer makes a request the header of its own answer.
func (f frame) answer(from MAC, shelf uint16, slot uint8) {
	copy(f, f[6:12])
	copy(f[6:], from[:])
	f[14] = version<<4 | flagResponse
	f[15] = 0
	binary.BigEndian.PutUint16(f[16:], shelf)
	f[18] = slot
}

// fail marks an answer as an error.
func (f frame) fail(number uint8) {
	f[14] |= flagError
	f[15] = number
}
