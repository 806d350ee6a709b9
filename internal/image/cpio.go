package image

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

const (
	// cpioHeader is the length of a header in the formats newc and crc
	// (Documentation/driver-api/early-userspace/buffer-format.rst).
	cpioHeader = 110
	// earlyMost is how many entries an early archive may have.
	earlyMost = 64
	// paddingMost is how many zero bytes may lie between two archives.
	paddingMost = 4096
)

func isCpio(h head) bool { return h.has(0, "070701") || h.has(0, "070702") }

// cpioEntry is what is needed of a header.
type cpioEntry struct {
	name string
	next int64
}

// readEntry reads the entry at an offset; ok is false where there is none, for
// instance because r has only the beginning.
func readEntry(r io.ReaderAt, at int64) (e cpioEntry, ok bool, err error) {
	h := make(head, cpioHeader+256)
	n, err := r.ReadAt(h, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return e, false, err
	}
	h = h[:n]
	if !isCpio(h) || n < cpioHeader {
		return e, false, nil
	}
	fileSize, err1 := strconv.ParseUint(string(h[54:62]), 16, 32)
	nameSize, err2 := strconv.ParseUint(string(h[94:102]), 16, 32)
	if err1 != nil || err2 != nil {
		return e, false, nil //nolint:nilerr // a header that makes no sense is no entry
	}
	e.name = h.text(cpioHeader, int(min(nameSize, 256)))
	e.next = align4(align4(at+cpioHeader+int64(nameSize)) + int64(fileSize))
	return e, true, nil
}

func align4(n int64) int64 { return (n + 3) &^ 3 }

// walkEarly tells whether an archive is an early one, which has nothing but
// what the kernel reads before it unpacks the initrd proper behind it: CPU
// microcode and ACPI tables (Documentation/arch/x86/microcode.rst). end is
// where it ends.
func walkEarly(r io.ReaderAt) (end int64, early bool, err error) {
	for range earlyMost {
		e, ok, err := readEntry(r, end)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			return end, early, nil
		}
		end = e.next
		if e.name == "TRAILER!!!" {
			return end, early, nil
		}
		if strings.HasPrefix(e.name, "kernel/x86/microcode/") || strings.HasPrefix(e.name, "kernel/firmware/acpi/") {
			early = true
		}
	}
	return end, false, nil
}

// lookBehind judges what follows an early archive.
func lookBehind(r io.ReaderAt, end int64) (Initrd, error) {
	h := make(head, paddingMost+headSize)
	n, err := r.ReadAt(h, end)
	if err != nil && !errors.Is(err, io.EOF) {
		return Initrd{}, err
	}
	h = h[:n]
	for len(h) > 0 && h[0] == 0 {
		h = h[1:]
	}
	switch {
	case len(h) == 0:
		return Initrd{Description: "CPU microcode or ACPI tables (cpio archive)"}, nil
	case isCpio(h):
		return Initrd{Description: "initrd (cpio archive) behind CPU microcode or ACPI tables"}, nil
	}
	behind := judgeInitrd(h, -1)
	behind.Description += " behind CPU microcode or ACPI tables"
	return behind, nil
}
