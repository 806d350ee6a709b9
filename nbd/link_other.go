//go:build !linux

package nbd

import (
	"errors"
	"net"
	"time"
)

// crowd is for Linux.
type crowd struct{}

func newCrowd() *crowd { return nil }

// pipe is for Linux.
type pipe struct{ n int }

func (*pipe) fill(int, int64, int) error { return errors.ErrUnsupported }

func newTransport(nc net.Conn, early []byte, _ *crowd, timeout time.Duration) transport {
	return newPlain(nc, early, timeout)
}
