//go:build !linux

package nbd

import (
	"errors"
	"net"
	"time"
)

// pipe is for Linux.
type pipe struct{ n int }

func (*pipe) fill(int, int64, int) error { return errors.ErrUnsupported }

func newTransport(nc net.Conn, _ chan struct{}, timeout time.Duration) transport {
	return newPlain(nc, timeout)
}
