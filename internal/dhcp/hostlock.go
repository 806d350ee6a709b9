package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"github.com/spurboot/spur/internal/nic"
)

// LockedError says that another listener of this package, in this process or
// another one, hears an interface: two would answer every client twice.
type LockedError struct {
	Interface string
	PID       int // 0 where it can't be seen
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "another Spur on this host answers DHCP on " + e.Interface
	}
	return fmt.Sprintf("another Spur on this host, process %d, answers DHCP on %s", e.PID, e.Interface)
}

// A hostLock is a name that one process of a network namespace has at a time: an
// abstract Unix socket (unix(7)), which goes with its process and is of the
// namespace, as interfaces and ports are.
type hostLock struct{ net.Listener }

// tryLock locks a name. Where another has it, holder is its process. Anybody on
// the host can take any name: one who could not listen to DHCP is passed over,
// and the lock is then nil.
func tryLock(name string) (c *hostLock, holder int, taken bool, err error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", "@spur-"+name)
	switch {
	case err == nil:
		return &hostLock{l}, 0, false, nil
	case !errors.Is(err, unix.EADDRINUSE):
		return nil, 0, false, fmt.Errorf("lock %s: %w", name, err)
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
	err = nic.Control(raw, func(fd int) (err error) {
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

func (c *hostLock) Close() error {
	if c == nil {
		return nil
	}
	return c.Listener.Close()
}

// ownForks bounds the wait for a lock that this process has given back. A process that it
// starts has all its sockets until it runs its program (execve(2)), which takes longer on a
// busy host.
const ownForks = 200 * time.Millisecond

// lockInterface locks an interface. Its index tells it in its namespace.
func lockInterface(i Interface) (*hostLock, error) {
	name := fmt.Sprintf("dhcp-%d", i.Index)
	c, holder, taken, err := tryLock(name)
	for wait := time.Millisecond; taken && holder == os.Getpid() && wait < ownForks; wait *= 2 {
		time.Sleep(wait)
		c, holder, taken, err = tryLock(name)
	}
	if taken {
		return nil, &LockedError{i.Name, holder}
	}
	return c, err
}
