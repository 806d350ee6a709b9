package httpd

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// mostPerCall is below the 2 GiB that sendfile(2) takes at once.
const mostPerCall = 1 << 30

// threadWait is how long a thread waits for room in the socket, in ms, before
// the runtime's poller does. A peer that is near takes less; to wake up by the
// poller takes longer than to drain the socket.
const threadWait = 10

// threads counts the connections that wait by a thread each: few of them gain
// by it, many don't.
type threads struct{ waiting atomic.Int32 }

// wait waits for room in a socket. False: the poller is to wait.
func (t *threads) wait(fd uintptr) bool {
	defer t.waiting.Add(-1)
	if int(t.waiting.Add(1)) > runtime.GOMAXPROCS(0) {
		return false
	}
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds[:], threadWait)
	return n > 0 || err == unix.EINTR
}

// errNoSendfile: the file isn't one that the kernel sends.
var errNoSendfile = errors.New("no sendfile")

// sendfile sends up to n bytes from the file's position, which moves along. It
// sends fewer where the file ends.
func (t *threads) sendfile(nc net.Conn, file *os.File, n int64) (sent int64, err error) {
	to, ok := nc.(syscall.Conn)
	if !ok {
		return 0, errNoSendfile
	}
	out, err := to.SyscallConn()
	if err != nil {
		return 0, err
	}
	in, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	// The file is one that never blocks: the poller doesn't know it.
	refused := in.Control(func(from uintptr) {
		gone := out.Write(func(fd uintptr) bool {
			var more bool
			sent, more, failed = t.fill(int(fd), int(from), sent, n)
			return !more
		})
		failed = errors.Join(failed, gone)
	})
	return sent, errors.Join(failed, refused)
}

// fill sends until all is sent, or waiting for room takes long: more is true
// then.
func (t *threads) fill(out, in int, sent, n int64) (_ int64, more bool, err error) {
	for sent < n {
		k, err := unix.Sendfile(out, in, nil, int(min(n-sent, mostPerCall)))
		switch {
		case err == unix.EAGAIN:
			if !t.wait(uintptr(out)) {
				return sent, true, nil
			}
		case err == unix.EINTR:
		case sent == 0 && (err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP):
			return 0, false, errNoSendfile
		case err != nil:
			return sent, false, os.NewSyscallError("sendfile", err)
		case k == 0:
			return sent, false, nil
		default:
			sent += int64(k)
		}
	}
	return sent, false, nil
}

// cork has the kernel send full segments only, until uncorked, so that a header
// leaves with the first bytes of the file. From a small segment ahead of them
// BBR takes a time that holds back all that follows.
func cork(nc net.Conn, on bool) {
	to, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	out, err := to.SyscallConn()
	if err != nil {
		return
	}
	value := 0
	if on {
		value = 1
	}
	// Without it all arrives as well.
	_ = out.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, value) })
}
