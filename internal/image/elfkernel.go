package image

// The numbers of ELF that are used here (System V ABI).
const (
	elfWide, elfLittle          = 2, 1
	elfProgram, elfShared       = 2, 3
	elf386, elfX86_64           = 3, 62
	elfLoad                     = 1
	elfEntry32, elfEntry64      = 32, 56 // bytes of a program header
	elfHeadersMost              = 256    // of which more is read than any kernel has
	elfFileOff32, elfFileSize32 = 4, 16
	elfFileOff64, elfFileSize64 = 8, 32
	elfPhysical32, elfMemory32  = 12, 20
	elfPhysical64, elfMemory64  = 24, 40
)

// elfKernel is what an ELF file is that could be a kernel for x86.
type elfKernel struct {
	loadable bool  // a program for x86
	wide     bool  // of 64 bits
	size     int64 // that it must have for all that is loaded of it
}

func (h head) elf() elfKernel {
	if !h.has(0, "\x7fELF") || h.u8(5) != elfLittle {
		return elfKernel{}
	}
	kind, machine, wide := h.u16(16), h.u16(18), h.u8(4) == elfWide
	program := kind == elfProgram || kind == elfShared
	return elfKernel{loadable: program && (machine == elf386 || machine == elfX86_64), wide: wide, size: h.elfSize()}
}

// elfSize is the end of the last part that the program headers have loaded.
func (h head) elfSize() (size int64) {
	h.eachProgram(func(at int, wide bool) {
		off, n := uint64(h.u32(at+elfFileOff32)), uint64(h.u32(at+elfFileSize32))
		if wide {
			off, n = h.u64(at+elfFileOff64), h.u64(at+elfFileSize64)
		}
		if end := off + n; n > 0 && end > off && end < 1<<62 {
			size = max(size, int64(end))
		}
	})
	return size
}

// eachProgram goes through the program headers of an ELF file that have a part loaded.
func (h head) eachProgram(do func(at int, wide bool)) {
	wide := h.u8(4) == elfWide
	at, entry, count := uint64(h.u32(28)), uint64(elfEntry32), h.u16(44)
	if wide {
		at, entry, count = h.u64(32), elfEntry64, h.u16(56)
	}
	for range min(count, elfHeadersMost) {
		if at > uint64(len(h)) {
			return
		}
		if h.u32(int(at)) == elfLoad {
			do(int(at), wide)
		}
		at += entry
	}
}
