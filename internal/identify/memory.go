package identify

import (
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strings"
)

// MemoryQuery is what a loader that can say it adds to the URL of a kernel: the sizes of
// the machine's memory modules as SMBIOS has them (DSP0134 section 7.18, offset 0Ch), one
// after the other with commas between, in hexadecimal digits.
const MemoryQuery = "memory"

// modulesTold is of how many modules a loader tells; of a machine with more the last
// has something where nothing should be.
const modulesTold = 4

// Memory is how many bytes of memory a machine has that says so in the query of a URL; 0
// where it doesn't, or can't.
func Memory(query url.Values) (sum int64) {
	modules := strings.Split(query.Get(MemoryQuery), ",")
	if len(modules) != modulesTold+1 || modules[modulesTold] != "" {
		return 0
	}
	for _, text := range modules[:modulesTold] {
		n, ok := moduleSize(text)
		if !ok {
			return 0
		}
		sum += n
	}
	return sum
}

// moduleSize is the size of one module: in MiB, or KiB where the highest bit is set. One
// of more than 32 GiB is told elsewhere, and counts as that here.
func moduleSize(text string) (int64, bool) {
	b, err := hex.DecodeString(text)
	switch {
	case text == "":
		return 0, true
	case err != nil || len(b) != 2:
		return 0, false
	}
	n := binary.LittleEndian.Uint16(b)
	switch {
	case n == 0xffff:
		return 0, false
	case n&0x8000 != 0:
		return int64(n&0x7fff) << 10, true
	}
	return int64(n) << 20, true
}
