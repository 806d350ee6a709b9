package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// qemuFDs collects the descriptors that QEMU inherits, and the arguments that
// name them.
type qemuFDs struct {
	args  []string
	files []*os.File
}

// add appends an argument pair such as "-netdev tap,fd=%d" with its descriptor.
func (b *qemuFDs) add(format string, f *os.File) {
	b.files = append(b.files, f)
	option, value, _ := strings.Cut(fmt.Sprintf(format, 2+len(b.files)), " ")
	b.args = append(b.args, option, value)
}

// consoles makes the serial line and the control socket; ours are returned.
func (b *qemuFDs) consoles() (input, control *os.File, err error) {
	input, serial, err := socketpair(unix.SOCK_STREAM)
	if err != nil {
		return nil, nil, err
	}
	b.add("-chardev socket,id=serial,fd=%d", serial)
	control, qmp, err := socketpair(unix.SOCK_STREAM)
	if err != nil {
		return nil, nil, errors.Join(err, input.Close())
	}
	b.add("-chardev socket,id=qmp,fd=%d", qmp)
	b.args = append(b.args, "-serial", "chardev:serial", "-mon", "chardev=qmp,mode=control")
	return input, control, nil
}

// close closes our copies; QEMU has its own. It may be called again.
func (b *qemuFDs) close() {
	for _, f := range b.files {
		_ = f.Close()
	}
	b.files = nil
}

// socketpair makes a line between us and a child; only our end is one that
// doesn't block.
func socketpair(kind int) (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_, _ = unix.Close(fds[0]), unix.Close(fds[1])
		return nil, nil, os.NewSyscallError("set nonblock", err)
	}
	return os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "child's"), nil
}
