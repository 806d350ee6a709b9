package iso

import "encoding/binary"

// Hybrid says what an image has besides to be started from a disk.
type Hybrid struct {
	MBR bool // a partition table of a BIOS disk
	GPT bool // one of UEFI
	// Code: the first sector has a program that a BIOS starts.
	Code bool
}

// readHybrid reads the first two sectors of a disk.
func readHybrid(m medium) (h Hybrid, err error) {
	if m.size < 2*diskSector {
		return h, nil
	}
	b, err := m.read(0, 2*diskSector)
	if err != nil {
		return h, err
	}
	if b[510] == 0x55 && b[511] == 0xaa {
		h.MBR = len(partitionsOf(b)) > 0
		h.Code = b[0] != 0
	}
	h.GPT = string(b[diskSector:diskSector+8]) == "EFI PART"
	return h, nil
}

// mbrPartition is one entry of an MBR, in sectors.
type mbrPartition struct{ first, count int64 }

// partitionsOf are the entries of a sector that is an MBR. A sector of which some entry
// can't be one isn't.
func partitionsOf(b []byte) []mbrPartition {
	var all []mbrPartition
	for i := 446; i < 510; i += 16 {
		e := b[i : i+16]
		if e[0]&0x7f != 0 {
			return nil
		}
		if count := int64(binary.LittleEndian.Uint32(e[12:])); e[4] != 0 && count > 0 {
			all = append(all, mbrPartition{int64(binary.LittleEndian.Uint32(e[8:])), count})
		}
	}
	return all
}
