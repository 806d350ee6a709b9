package image

import (
	"errors"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/cpio"
)

const (
	// earlyMost is how many entries an early archive may have.
	earlyMost = 64
	// paddingMost is how many zero bytes may lie between two archives.
	paddingMost = 4096
)

// walkEarly tells whether an archive is an early one, which has nothing but
// what the kernel reads before it unpacks the initrd proper behind it: CPU
// microcode and ACPI tables (Documentation/arch/x86/microcode.rst). end is
// where it ends.
func walkEarly(r io.ReaderAt) (end int64, early bool, err error) {
	for range earlyMost {
		e, ok, err := cpio.ReadEntry(r, end)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			return end, early, nil
		}
		end = e.Next
		if e.Name == cpio.Trailer {
			return end, early, nil
		}
		if strings.HasPrefix(e.Name, "kernel/x86/microcode/") || strings.HasPrefix(e.Name, "kernel/firmware/acpi/") {
			early = true
		}
	}
	return end, false, nil
}

// lookBehind judges what follows an early archive in an initrd of so many bytes.
func lookBehind(r io.ReaderAt, end, size int64) (Initrd, error) {
	h := make(head, paddingMost+headSize)
	n, err := r.ReadAt(h, end)
	if err != nil && !errors.Is(err, io.EOF) {
		return Initrd{}, err
	}
	h = h[:n]
	for len(h) > 0 && h[0] == 0 {
		h, end = h[1:], end+1
	}
	extent := initrdExtent(r, end, size)
	switch {
	case len(h) == 0:
		return Initrd{Description: "CPU microcode or ACPI tables (cpio archive)", Extent: extent}, nil
	case cpio.Is(h):
		return Initrd{Description: "initrd (cpio archive) behind CPU microcode or ACPI tables", Extent: extent}, nil
	}
	behind := judgeInitrd(h, -1)
	behind.Description += " behind CPU microcode or ACPI tables"
	behind.Extent = extent
	return behind, nil
}
