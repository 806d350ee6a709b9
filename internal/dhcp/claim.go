package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// ClaimedError says that another listener of this package, in this process or
// another one, hears an interface: two would answer every client twice.
type ClaimedError struct {
	Interface string
	PID       int // 0 where it can't be seen
}

func (e *ClaimedError) Error() string {
	if e.PID == 0 {
		return "another Spur on this host answers DHCP on " + e.Interface
	}
	return fmt.Sprintf("another Spur on this host, process %d, answers DHCP on %s", e.PID, e.Interface)
}

// claim is a name that one process of a network namespace has at a time: an
// abstract Unix socket (unix(7)), which goes with its process and is of the
// namespace, as interfaces and ports are.
type claim struct{ net.Listener }

// take claims a name. Where another has it, holder is its process. Anybody on
// the host can take any name: one who could not listen to DHCP is passed over,
// and the claim is then nil.
func take(name string) (c *claim, holder int, taken bool, err error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", "@spur-"+name)
	switch {
	case err == nil:
		return &claim{l}, 0, false, nil
	case !errors.Is(err, unix.EADDRINUSE):
		return nil, 0, false, fmt.Errorf("claim %s: %w", name, err)
	}
	holder, taken = holderOf(name)
	return nil, holder, taken, nil
}

// holderOf finds the process that has a name, if it may open packet sockets.
func holderOf(name string) (pid int, able bool) {
	conn, err := (&net.Dialer{Timeout: time.Second}).Dial("unix", "@spur-"+name)
	if err != nil {
		return 0, false
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, false
	}
	var peer *unix.Ucred
	err = control(raw, func(fd int) (err error) {
		peer, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	if err != nil {
		return 0, false
	}
	if peer.Pid == 0 {
		return 0, peer.Uid == 0 // of another PID namespace
	}
	has, err := cap.GetPID(int(peer.Pid))
	if err != nil {
		return 0, false
	}
	able, err = has.GetFlag(cap.Permitted, cap.NET_RAW)
	return int(peer.Pid), able && err == nil
}

func (c *claim) Close() error {
	if c == nil {
		return nil
	}
	return c.Listener.Close()
}

// claimInterface claims an interface. Its index tells it in its namespace.
func claimInterface(i Interface) (*claim, error) {
	c, holder, taken, err := take(fmt.Sprintf("dhcp-%d", i.Index))
	if taken {
		return nil, &ClaimedError{i.Name, holder}
	}
	return c, err
}
