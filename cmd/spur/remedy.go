package main

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
)

// remedy is what to do about an error. Who made it knows best; else the reason
// that the system gave for it says what would help.
func remedy(err error) string {
	if advice := advice.Of(advice.InWords(err)); advice != "" {
		return advice
	}
	is := func(any ...error) bool {
		for _, e := range any {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	switch {
	case is(context.Canceled):
		return "it was interrupted; start it again when you like"
	case is(syscall.ENOSPC, syscall.EDQUOT):
		return "make room on that disk, or name a place on another one"
	case is(syscall.EROFS):
		return "name a place on a disk that may be written"
	case is(syscall.EMFILE, syscall.ENFILE):
		return "allow more open files, as by ulimit -n"
	case is(syscall.ENOMEM):
		return "free some memory, or allow more of it"
	case is(fs.ErrPermission):
		return "run as root (sudo), or as a user who may"
	case is(fs.ErrNotExist):
		return "check the name"
	}
	return "no remedy is known; if it comes again, tell the project, with the output of spur version"
}
