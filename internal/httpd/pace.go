package httpd

import (
	"math"
	"net/http"
	"syscall"

	"golang.org/x/sys/unix"
)

// unpaced is how SO_MAX_PACING_RATE is told that there is no bound.
const unpaced = -1

// pace bounds how fast the answer to r is sent. The kernel paces TCP by itself
// (since Linux 4.20 without a queueing discipline for it): nothing waits here,
// and no other connection is slower for it.
func (h *Handler) pace(r *http.Request, t *Transfer) {
	if c := connOf(r); c != nil && h.Pace != nil {
		c.pace(h.Pace(t))
	}
}

// pace bounds a connection, until the next answer on it. One that can't be
// bounded is sent as it is.
func (c *conn) pace(rate int64) {
	raw, ok := c.Conn.(syscall.Conn)
	if rate == c.paced || !ok {
		return
	}
	value := unpaced
	if rate > 0 {
		value = int(min(rate, math.MaxInt32))
	}
	if control, err := raw.SyscallConn(); err == nil {
		_ = control.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, value)
		})
	}
	c.paced = rate
}
