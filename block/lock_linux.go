package block

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// QEMU keeps images from being used twice by locks on single bytes of the file
// (block/file-posix.c): byte 100+p is locked for sharing by whoever does p to
// the image, byte 200+p by whoever doesn't allow others to. The locks belong to
// the open file (F_OFD_SETLK), not to the process.
const (
	permissionBase = 100
	exclusionBase  = 200

	permissionRead   = 0
	permissionWrite  = 1
	permissionResize = 3
)

// lock takes the locks of a reader or writer.
func lock(fd int, writes bool) error {
	does := []int64{permissionRead}
	forbids := []int64{permissionWrite, permissionResize}
	if writes {
		does = append(does, permissionWrite, permissionResize)
	}
	for _, p := range does {
		if err := take(fd, permissionBase+p); err != nil {
			return ignoreMissing(err)
		}
	}
	for _, p := range forbids {
		if err := take(fd, exclusionBase+p); err != nil {
			return ignoreMissing(err)
		}
	}
	for _, p := range does {
		if taken(fd, exclusionBase+p) {
			return fmt.Errorf("%w that doesn't share it", ErrLocked)
		}
	}
	for _, p := range forbids {
		if taken(fd, permissionBase+p) {
			return ErrLocked
		}
	}
	return nil
}

func take(fd int, at int64) error {
	l := unix.Flock_t{Type: unix.F_RDLCK, Start: at, Len: 1}
	_, err := again(func() (int, error) { return 0, unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &l) })
	return err
}

// unlock gives up all locks. Closing the file isn't enough at once: a program
// that is being started by another thread has the open file too, for a moment.
func unlock(fd int) {
	l := unix.Flock_t{Type: unix.F_UNLCK, Start: permissionBase, Len: 2 * (exclusionBase - permissionBase)}
	_, _ = again(func() (int, error) { return 0, unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &l) })
}

// taken asks whether another open file has locked a byte.
func taken(fd int, at int64) bool {
	l := unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}
	err := unix.FcntlFlock(uintptr(fd), unix.F_OFD_GETLK, &l)
	return err == nil && l.Type != unix.F_UNLCK
}

// ignoreMissing lets a file system without locks pass.
func ignoreMissing(err error) error {
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return ErrLocked
	}
	return nil
}
