package httpd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// cork has the kernel send full segments only, until uncorked, so that a header
// leaves together with the first bytes of the file, and no chunk of it ends with a
// small segment: from those BBR measures a rate that holds back what follows. It buys
// a third where one client takes a file at some 3 GB/s.
func (c *conn) cork(on bool) {
	if c == nil || on == c.corked {
		return
	}
	raw, ok := c.Conn.(syscall.Conn)
	if !ok {
		return // TLS
	}
	c.corked = on
	value := 0
	if on {
		value = 1
	}
	if control, err := raw.SyscallConn(); err == nil {
		// Without it all arrives as well.
		_ = control.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, value) })
	}
}
