package lab

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// finishChecksums has the kernel fill in the checksums of what an interface
// sends, instead of leaving that to a card that doesn't exist: captures then
// show the packets as a wire carries them, and raw readers accept them.
func (n *namespace) finishChecksums(nic string) error {
	return n.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		defer func() { _ = unix.Close(fd) }()
		// struct ethtool_value and struct ifreq of linux/ethtool.h, netdevice(7).
		value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_STXCSUM}
		request := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(&value)}
		copy(request.name[:unix.IFNAMSIZ-1], nic)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
		if errno != 0 {
			return fmt.Errorf("checksums of %s: %w", nic, errno)
		}
		return nil
	})
}
