package tftp

import (
	"errors"
	"time"
)

// A link carries the packets of one transfer. It is used by one goroutine.
type link interface {
	// send sends the packets that lie in p one after the other, each of
	// stride bytes but the last, which may be shorter.
	send(p []byte, stride int) error
	// recv waits for the next packet. It returns errAgain after wait, ErrGone
	// when the peer's port is closed, and ErrStopped, from then on, when the
	// transfer's context has ended.
	recv(buf []byte, wait time.Duration) (int, error)
}

// tell sends an ERROR, and returns why.
func tell(to link, e *Error, why error) error {
	p := appendError(nil, e)
	_ = to.send(p, len(p)) // nobody acknowledges an ERROR: it may as well be lost here
	return why
}

// lost returns how a transfer ends whose link fails.
func lost(err error) (Reason, error) {
	switch {
	case errors.Is(err, ErrGone):
		return Gone, err
	case errors.Is(err, ErrStopped):
		return Stopped, err
	}
	return Failed, err
}
