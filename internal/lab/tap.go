package lab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// tap is a network interface whose frames are read and written here. It goes
// when it is closed.
type tap struct {
	*os.File
	name string
}

// maxFrame is the largest frame of a wire: 1500 bytes, header, VLAN tag.
const maxFrame = 1518

// openTap makes a tap in a namespace (Linux Documentation/networking/tuntap).
func openTap(n *namespace, name string) (*tap, error) {
	var t *tap
	err := n.do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		req, err := unix.NewIfreq(name)
		if err == nil {
			req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
		}
		if err == nil {
			// A descriptor that is not blocking before os.NewFile sees it
			// is one whose reads Close ends.
			err = unix.SetNonblock(fd, true)
		}
		if err != nil {
			_ = unix.Close(fd)
			return err
		}
		t = &tap{File: os.NewFile(uintptr(fd), name), name: name}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tap %s in %s: %w", name, n.name, err)
	}
	return t, nil
}
