package testbed

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Ring is a packet socket on the clients' end of the wire that shares what it
// receives with the kernel (packet(7), TPACKET_V2): no system call for a frame
// that is there already, and of each only the beginning is copied. Its system
// calls are raw: they are short, and the scheduler has nobody else to serve.
type Ring struct {
	Address net.HardwareAddr // of the interface

	fd       int
	memory   []byte
	next     int
	messages [Batch]message
	vectors  [Batch]unix.Iovec
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	sent   uint32
	_      [4]byte
}

const (
	// Batch is how many frames a Ring sends in one go.
	Batch = 64

	snapLength = 128 // bytes of a frame that are kept
	slotSize   = 256 // those, the kernel's header and alignment
	slots      = 1 << 15
)

// OpenRing takes the frames of an EtherType that come in on [Device].
func OpenRing(etherType uint16) (*Ring, error) {
	device, err := net.InterfaceByName(Device)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	cut := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: snapLength}
	for _, err := range []error{
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &cut}),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1),
		unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq{
			Block_size: 1 << 16, Block_nr: slots * slotSize >> 16, Frame_size: slotSize, Frame_nr: slots,
		}),
	} {
		if err != nil {
			return nil, os.NewSyscallError("setsockopt", err)
		}
	}
	memory, err := unix.Mmap(fd, 0, slots*slotSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	inNetworkOrder := etherType>>8 | etherType<<8
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: device.Index}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	return &Ring{Address: device.HardwareAddr, fd: fd, memory: memory}, nil
}

func (r *Ring) header() *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&r.memory[r.next*slotSize]))
}

// Peek is the next frame, as far as it is kept, and how long it was; nil if
// none is there. Done gives it back.
func (r *Ring) Peek() (frame []byte, length int) {
	h := r.header()
	if atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER == 0 {
		return nil, 0
	}
	return r.memory[r.next*slotSize+int(h.Mac):][:h.Snaplen], int(h.Len)
}

// Done goes on to the next frame.
func (r *Ring) Done() {
	atomic.StoreUint32(&r.header().Status, unix.TP_STATUS_KERNEL)
	r.next = (r.next + 1) % slots
}

// Send sends at most a [Batch] of frames.
func (r *Ring) Send(frames [][]byte) error {
	for i, f := range frames {
		r.vectors[i].Base = &f[0]
		r.vectors[i].SetLen(len(f))
		r.messages[i].header = unix.Msghdr{Iov: &r.vectors[i], Iovlen: 1}
	}
	for done := 0; done < len(frames); {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.messages[done])), uintptr(len(frames)-done), 0, 0, 0)
		if errno != 0 && errno != syscall.EINTR && errno != syscall.ENOBUFS {
			return os.NewSyscallError("sendmmsg", errno)
		}
		if errno == 0 {
			done += int(n)
		}
	}
	return nil
}

// Lost is an error if frames found no room in the ring.
func (r *Ring) Lost() error {
	var stats struct{ packets, drops uint32 }
	size := uint32(unsafe.Sizeof(stats))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(r.fd), unix.SOL_PACKET, unix.PACKET_STATISTICS,
		uintptr(unsafe.Pointer(&stats)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return fmt.Errorf("packet statistics: %w", errno)
	}
	if stats.drops > 0 {
		return fmt.Errorf("the ring was too small for %d frames", stats.drops)
	}
	return nil
}
