package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// portGuard is a UDP socket that receives nothing: it keeps the kernel from
// answering "port unreachable" (ICMP type 3 code 3) to the requests that the
// packet sockets hear, which firmware takes for a refusal.
type portGuard struct {
	conn net.PacketConn
	lock *hostLock // says that the port is guarded so; nil where another one says it
}

// guardPort takes a port if nobody has it; taken tells that somebody else does,
// who then keeps the kernel quiet for us.
//
// The port is bound exclusively first, because the kernel gives unicast
// datagrams to the socket that was bound last: sharing a port that dnsmasq
// has would take its renewals away. Only then is it opened for sharing, so
// that a server started later can still bind it, and gets its unicasts.
func guardPort(port uint16) (h *portGuard, taken bool, err error) {
	conn, err := bindDropping(port, dropAll)
	if errors.Is(err, unix.EADDRINUSE) {
		return guardPortToo(port)
	}
	if err != nil {
		return nil, false, nic.Permission(fmt.Errorf("hold UDP port %d: %w", port, err))
	}
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err == nil {
		err = nic.Control(raw, share)
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("share UDP port %d: %w", port, err), conn.Close())
	}
	said, _, _, err := tryLock(guardName(port))
	if err != nil {
		return nil, false, errors.Join(err, conn.Close())
	}
	return &portGuard{conn, said}, false, nil
}

// guardPortToo shares a port that another listener guards likewise, so that either may
// end before the other. What anybody else holds is left alone.
func guardPortToo(port uint16) (h *portGuard, taken bool, err error) {
	said, _, likewise, err := tryLock(guardName(port))
	if err != nil || !likewise {
		return nil, true, errors.Join(err, said.Close())
	}
	conn, err := bindDropping(port, share, dropAll)
	if err != nil {
		return nil, errors.Is(err, unix.EADDRINUSE), nil
	}
	return &portGuard{conn: conn}, false, nil
}

func guardName(port uint16) string { return fmt.Sprintf("holds-%d", port) }

func bindDropping(port uint16, options ...func(fd int) error) (net.PacketConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var errs []error
		for _, set := range options {
			errs = append(errs, nic.Control(c, set))
		}
		return errors.Join(errs...)
	}}
	return lc.ListenPacket(context.Background(), "udp4", fmt.Sprintf("0.0.0.0:%d", port))
}

// share lets others bind the port that a socket has, or it one that others share.
func share(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }

func (h *portGuard) Close() error {
	if h == nil {
		return nil
	}
	return errors.Join(h.conn.Close(), h.lock.Close())
}

// dropAll makes a socket drop everything before it takes memory.
func dropAll(fd int) error {
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
