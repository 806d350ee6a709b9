package aoe

import (
	"encoding/binary"
	"math/bits"
)

// identify fills in the 512 bytes of IDENTIFY DEVICE (ATA8-ACS 7.16): what of
// its 256 words matters to drivers.
func (t *Target) identify(b []byte) {
	clear(b)
	set := func(word int, v uint16) { binary.LittleEndian.PutUint16(b[2*word:], v) }
	sectors := uint64(t.Device.Size()) / sector
	low := uint32(min(sectors, 1<<28-1))

	set(0, 0x40) // a fixed ATA device
	words(b[2*10:2*20], t.Serial)
	words(b[2*23:2*27], "1")
	words(b[2*27:2*47], t.Model)
	set(47, 0x8000)
	set(49, 0x0200) // LBA
	set(50, 0x4000)
	binary.LittleEndian.PutUint32(b[2*60:], low)
	set(80, 0x00f0) // ATA/ATAPI-4 to -7
	// Power management, write cache; FLUSH CACHE, FLUSH CACHE EXT, 48 bit
	// addresses. Supported (82, 83), and enabled (85, 86).
	set(82, 0x0028)
	set(83, 0x7400)
	set(84, 0x4040) // WRITE DMA FUA EXT
	set(85, 0x0028)
	set(86, 0x3400)
	set(87, 0x4040)
	binary.LittleEndian.PutUint64(b[2*100:], sectors)
	if size := t.Device.Caps().BlockSize; size > sector {
		set(106, 0x6000|uint16(min(bits.Len(uint(size/sector))-1, 15))) // logical sectors per physical
	}
	if t.trims() {
		set(105, 1)    // blocks of ranges in one command
		set(169, 1)    // DATA SET MANAGEMENT
		set(69, 1<<14) // trimmed sectors are deterministic
		if t.Device.Caps().TrimZeroes {
			set(69, 1<<14|1<<5) // and read as zeros
		}
	}
	set(217, 1)   // it does not rotate
	b[510] = 0xa5 // the integrity word (255): with it the sum of all bytes is zero
	for _, c := range b[:511] {
		b[511] -= c
	}
}

// words writes a string the ATA way: two characters in a word, the first one in
// its upper half, padded with spaces.
func words(b []byte, s string) {
	for i := range b {
		c := byte(' ')
		if i < len(s) && s[i] >= ' ' && s[i] < 0x7f {
			c = s[i]
		}
		b[i^1] = c
	}
}
