package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// held is a UDP socket that receives nothing: it keeps the kernel from
// answering "port unreachable" (ICMP type 3 code 3) to the requests that the
// packet sockets hear, which firmware takes for a refusal.
type held struct{ conn net.PacketConn }

// hold takes a port if nobody has it; taken tells that somebody else does, who
// then keeps the kernel quiet for us.
//
// The port is bound exclusively first, because the kernel gives unicast
// datagrams to the socket that was bound last: sharing a port that dnsmasq
// has would take its renewals away. Only then is it opened for sharing, so
// that a server started later can still bind it, and gets its unicasts.
func hold(port uint16) (h *held, taken bool, err error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, deafen)
	}}
	conn, err := lc.ListenPacket(context.Background(), "udp4", fmt.Sprintf("0.0.0.0:%d", port))
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, permission(fmt.Errorf("hold UDP port %d: %w", port, err))
	}
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err == nil {
		err = control(raw, func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		})
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("share UDP port %d: %w", port, err), conn.Close())
	}
	return &held{conn}, false, nil
}

func (h *held) Close() error {
	if h == nil {
		return nil
	}
	return h.conn.Close()
}

// deafen makes a socket drop everything before it takes memory.
func deafen(fd int) error {
	code, err := rejectAll()
	if err != nil {
		return err
	}
	ins := make([]unix.SockFilter, len(code))
	for i, c := range code {
		ins[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	prog := unix.SockFprog{Len: uint16(len(ins)), Filter: unsafe.SliceData(ins)}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog)
}

func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// permission adds what to do to an error that lack of rights caused.
func permission(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w: run as root or with CAP_NET_RAW and CAP_NET_BIND_SERVICE", err)
	}
	return err
}
