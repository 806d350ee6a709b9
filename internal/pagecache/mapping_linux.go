package pagecache

import (
	"io"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Map maps the part of a file that begins at off and has size bytes, or returns
// nil if what is in memory of it isn't told. Where addresses are scarce nothing
// is mapped. The descriptor stays open until Close.
func Map(file int, off, size int64) *Mapping {
	if size <= 0 || strconv.IntSize < 64 || !tells(file) {
		return nil
	}
	page := int64(os.Getpagesize())
	m := &Mapping{skip: off % page, size: size, file: file, end: off + size,
		pages: make([]byte, region/page), known: newResidence(off%page + size)}
	var err error
	if m.memory, err = unix.Mmap(file, off-m.skip, int(m.skip+size), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil
	}
	return m
}

// Close gives up the memory: nobody may use what Data gave any more.
func (m *Mapping) Close() { _ = unix.Munmap(m.memory) }

// tells says whether the kernel tells us what of a file is in memory. Of files
// that aren't ours, and that we may not write to, it says that everything is
// (mincore(2)); also what is beyond the end, which never is.
func tells(file int) bool {
	page := int64(os.Getpagesize())
	end := fileEnd(file)
	if end < 0 {
		return false
	}
	beyond, err := unix.Mmap(file, (end+page-1)/page*page, int(page), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Munmap(beyond) }()
	return !resident(beyond, make([]byte, 1))
}

// resident says whether all pages of memory that begins with one are in memory.
// pages is room for one byte for each.
func resident(memory, pages []byte) bool {
	pages = pages[:(len(memory)+os.Getpagesize()-1)/os.Getpagesize()]
	_, _, err := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(unsafe.SliceData(memory))), uintptr(len(memory)),
		uintptr(unsafe.Pointer(unsafe.SliceData(pages))))
	if err != 0 {
		return false
	}
	for _, p := range pages {
		if p&1 == 0 {
			return false
		}
	}
	return true
}

// fileEnd is how long a file, or a disk, is; -1 if that can't be told.
func fileEnd(file int) int64 {
	end, err := unix.Seek(file, 0, io.SeekEnd)
	if err != nil {
		return -1
	}
	return end
}

// Fetched is how often this process had to wait for a page of memory.
func Fetched() int64 {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage) // whose arguments are right
	return usage.Majflt
}
