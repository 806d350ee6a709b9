package tftp

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// A Code is the error code of an ERROR packet (RFC 1350 appendix I, RFC 2347).
type Code uint16

// The error codes of RFC 1350 appendix I, and that of RFC 2347.
const (
	CodeUndefined        Code = 0 // see the message
	CodeNotFound         Code = 1 // file not found
	CodeAccessViolation  Code = 2 // access violation
	CodeDiskFull         Code = 3 // disk full or allocation exceeded
	CodeIllegalOperation Code = 4 // illegal TFTP operation
	CodeUnknownTransfer  Code = 5 // unknown transfer ID
	CodeFileExists       Code = 6 // file already exists
	CodeNoSuchUser       Code = 7 // no such user
	CodeOptionsRefused   Code = 8 // option negotiation failed
)

// An Error is an ERROR packet, received or to be sent. A handler that returns
// one decides what the client is told.
type Error struct {
	Code    Code
	Message string // printable ASCII; at most 480 bytes are sent
}

func (e *Error) Error() string { return fmt.Sprintf("tftp error %d: %s", e.Code, e.Message) }

// Is lets errors.Is match an ERROR packet with the fs error it stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Code == CodeNotFound
	case fs.ErrPermission:
		return e.Code == CodeAccessViolation
	case fs.ErrExist:
		return e.Code == CodeFileExists
	}
	return false
}

// Ways in which an exchange of packets stops without an ERROR packet.
var (
	// ErrTimeout: the peer went silent through all retransmissions.
	ErrTimeout = errors.New("no answer")
	// ErrGone: the peer's port is closed; it rebooted or gave up.
	ErrGone = errors.New("the peer closed its port")
	// ErrTruncated: the file ended before the size it had when it was opened.
	ErrTruncated = errors.New("file became shorter during the transfer")
	// ErrReplaced: the client sent a new request from the same port.
	ErrReplaced = errors.New("the client asked anew from the same port")
	// ErrGaveWay: the client had yet to show that it is there, or had fallen
	// silent, and another request needed its place.
	ErrGaveWay = errors.New("gave way to another request while its client was silent")
	// ErrStopped: the server was stopped.
	ErrStopped = errors.New("server stopped")
)

var (
	errAgain = errors.New("nothing received in time")
	errBusy  = &Error{CodeUndefined, "server busy, try again"}
	errShare = &Error{CodeUndefined, "too many transfers to your address, try again"}
	errTID   = &Error{CodeUnknownTransfer, "unknown transfer ID"}
)

// errorFor says what the client is told about err. Text of errors that the
// handler did not mean for clients stays here: it may hold paths.
func errorFor(err error) *Error {
	var told *Error
	switch {
	case errors.As(err, &told):
		return told
	case errors.Is(err, fs.ErrNotExist):
		return &Error{CodeNotFound, "file not found"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{CodeAccessViolation, "access violation"}
	case errors.Is(err, fs.ErrExist):
		return &Error{CodeFileExists, "file already exists"}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &Error{CodeDiskFull, "disk full"}
	case errors.Is(err, ErrTruncated), errors.Is(err, ErrStopped):
		return &Error{CodeUndefined, err.Error()}
	}
	return &Error{CodeUndefined, "cannot transfer this file"}
}
