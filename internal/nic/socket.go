package nic

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sendBuffer bounds, in bytes and for each socket, the replies that wait for the kernel
// to find who has their address, or their relay's: as many neighbours as it looks for at
// a time (gc_thresh3 of neighbour tables is 1024), with three packets each.
const sendBuffer = 4 << 20

// Control has f set options of a socket.
func Control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// Permission says of an error of opening a socket that it is for lack of rights, if it is,
// and not in which call the system refused it.
func Permission(err error) error {
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	what := err.Error()
	if reason := errors.Unwrap(err); reason != nil {
		what = strings.TrimSuffix(what, ": "+reason.Error())
	}
	return notPermitted{what, err}
}

// notPermitted is the error about what was to be done without the right to it.
type notPermitted struct {
	what string
	error
}

func (n notPermitted) Error() string { return "no permission to " + n.what }
func (n notPermitted) Unwrap() error { return n.error }

// EnlargeSendBuffer gives a socket room for replies that wait; without CAP_NET_ADMIN as
// much of it as everybody may have.
func EnlargeSendBuffer(fd int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer) == nil {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
}
