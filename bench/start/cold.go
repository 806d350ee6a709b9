package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// readAnew has the kernel read a binary from the disk in its order, as the first start
// after a boot does. How much of the binary one start maps depends on how large the
// pieces are in which it lies in the page cache, and those are large then, so that the
// memory that counts as resident is at its most and the same in every run.
func readAnew(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	return err
}
