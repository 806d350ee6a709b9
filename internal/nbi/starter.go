package nbi

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// What loader/nbi/nbi.S says of itself: its size, and where in it the plan and the BOOTP
// record are.
const (
	starterSize = 0xc00
	starterMark = "SpurNBI1"
	planAt      = 0x600
	recordAt    = 0xa00
	sizeAt      = 0x1f4 // of a kernel's syssize, in units of 16 bytes
	kernelAt    = 1 << 20
)

// IsStarter tells whether a program is Spur's starter of tagged images.
func IsStarter(program []byte) bool {
	return len(program) == starterSize && string(program[planAt:planAt+len(starterMark)]) == starterMark
}

// Record is what the image is told of the network, in the BOOTP record. A field that isn't
// known has its zero value.
type Record struct {
	Client, Server netip.Addr // of IPv4
	Hardware       []byte     // the client's address, of at most 16 bytes
}

// Starter is the setup part that starts this image, by the starter as it was built.
func (i Image) Starter(program []byte, r Record) ([]byte, error) {
	if !IsStarter(program) {
		return nil, errors.New("the starter of tagged images is of another version")
	}
	p, err := i.plan()
	if err != nil {
		return nil, err
	}
	b := append([]byte(nil), program...)
	binary.LittleEndian.PutUint32(b[sizeAt:], uint32((i.Size+15)/16))
	at := planAt + len(starterMark)
	for _, word := range p.words(i) {
		binary.LittleEndian.PutUint32(b[at:], word)
		at += 4
	}
	copy(b[recordAt:], r.bytes())
	return b, nil
}

// words are the plan as the starter reads it.
func (p plan) words(i Image) []uint32 {
	linear := uint32(0)
	if i.Linear {
		linear = 1
	}
	words := []uint32{
		p.homes[0]>>4 | p.homes[1]>>4<<16, uint32(i.Size), uint32(p.stage), uint32(p.need),
		i.Location, i.Execute, linear, uint32(len(p.moves)),
	}
	for _, s := range p.moves {
		end := uint32(0)
		if s.FromEnd {
			end = 1
		}
		words = append(words, end, uint32(s.To), uint32(s.From), uint32(s.File), uint32(s.Memory))
	}
	return words
}

// bytes are the record as RFC 951 has it, with the magic cookie of RFC 1497 and no more.
func (r Record) bytes() []byte {
	b := make([]byte, 300)
	b[0], b[1], b[2] = 2, 1, byte(min(len(r.Hardware), 16)) // a reply, of Ethernet
	copy(b[28:44], r.Hardware)
	if r.Client.Is4() {
		copy(b[16:], r.Client.AsSlice())
	}
	if r.Server.Is4() {
		copy(b[20:], r.Server.AsSlice())
	}
	copy(b[236:], "\x63\x82\x53\x63\xff")
	return b
}
