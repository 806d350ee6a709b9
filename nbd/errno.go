package nbd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
)

// errno is an error number of the protocol ("Error values").
type errno uint32

const (
	errPermission   errno = 1
	errIO           errno = 5
	errNoMemory     errno = 12
	errInvalid      errno = 22
	errNoSpace      errno = 28
	errOverflow     errno = 75
	errNotSupported errno = 95
	errShutdown     errno = 108
)

func (e errno) String() string {
	switch e {
	case errPermission:
		return "EPERM"
	case errIO:
		return "EIO"
	case errNoMemory:
		return "ENOMEM"
	case errInvalid:
		return "EINVAL"
	case errNoSpace:
		return "ENOSPC"
	case errOverflow:
		return "EOVERFLOW"
	case errNotSupported:
		return "ENOTSUP"
	case errShutdown:
		return "ESHUTDOWN"
	}
	return fmt.Sprintf("error %d", uint32(e))
}

// errnoOf is what a client is told about a device's error.
func errnoOf(err error) errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNoBuffer):
		return errNoMemory
	case errors.Is(err, block.ErrOutOfRange):
		return errInvalid
	case errors.Is(err, block.ErrReadOnly):
		return errPermission
	case errors.Is(err, block.ErrNoSpace):
		return errNoSpace
	case errors.Is(err, block.ErrGone), errors.Is(err, context.Canceled):
		return errShutdown
	case errors.Is(err, errors.ErrUnsupported):
		return errNotSupported
	}
	return errIO
}

// RemoteError is an error that a server answered a command with.
type RemoteError struct {
	Command string // such as "write"
	Number  uint32 // of the protocol's "Error values"
	Message string // the server's words, often empty
}

func (e *RemoteError) Error() string {
	s := fmt.Sprintf("nbd server refuses %s: %v", e.Command, errno(e.Number))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap gives the error of package block that the number stands for, if any.
func (e *RemoteError) Unwrap() error {
	switch errno(e.Number) {
	case errPermission:
		return block.ErrReadOnly
	case errNoSpace:
		return block.ErrNoSpace
	case errShutdown:
		return block.ErrGone
	case errNotSupported:
		return errors.ErrUnsupported
	}
	return nil
}

// commandName is a command's name in the words of the protocol.
func commandName(c uint16) string {
	names := [...]string{"read", "write", "disconnect", "flush", "trim", "cache", "write zeroes", "block status"}
	if int(c) < len(names) {
		return names[c]
	}
	return "unknown command"
}
