package main

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/bench/testbed"
	"golang.org/x/sys/unix"
)

// A ring is a packet socket that shares what it receives with the kernel
// (packet(7), TPACKET_V2): no system call for a frame that is there already.
// Its system calls are raw: they are short, and the scheduler has nobody else
// to serve.
type ring struct {
	fd       int
	address  aoe.MAC // of the interface
	mtu      int
	slot     int // bytes
	memory   []byte
	next     int
	messages [batch]message
	vectors  [batch]unix.Iovec
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	sent   uint32
	_      [4]byte
}

const (
	ringSize = 16 << 20
	batch    = 64 // frames sent, or taken, in one go
)

// openRing takes the AoE frames that come in on the pair's interface. slot is
// how many bytes of each are kept, with 128 for the kernel's header; a power
// of two.
func openRing(slot int) (*ring, error) {
	device, err := net.InterfaceByName(testbed.Device)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	r := &ring{fd: fd, slot: slot, address: aoe.MAC(device.HardwareAddr), mtu: device.MTU}
	cut := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(slot - 128)}
	for _, err := range []error{
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &cut}),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1),
		unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq{
			Block_size: 1 << 16, Block_nr: ringSize >> 16, Frame_size: uint32(slot), Frame_nr: uint32(ringSize / slot),
		}),
	} {
		if err != nil {
			return nil, os.NewSyscallError("setsockopt", err)
		}
	}
	if r.memory, err = unix.Mmap(fd, 0, ringSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	const inNetworkOrder = aoe.EtherType>>8 | aoe.EtherType<<8&0xff00
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: inNetworkOrder, Ifindex: device.Index}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	return r, nil
}

func (r *ring) header() *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&r.memory[r.next*r.slot]))
}

// peek is the next frame, as far as it is kept, and how long it was; nil if
// none is there. done gives it back.
func (r *ring) peek() (frame []byte, length int) {
	h := r.header()
	if atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER == 0 {
		return nil, 0
	}
	return r.memory[r.next*r.slot+int(h.Mac):][:h.Snaplen], int(h.Len)
}

func (r *ring) done() {
	atomic.StoreUint32(&r.header().Status, unix.TP_STATUS_KERNEL)
	r.next = (r.next + 1) % (ringSize / r.slot)
}

// send sends at most a batch of frames.
func (r *ring) send(frames [][]byte) error {
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

// lost is an error if frames found no room in the ring.
func (r *ring) lost() error {
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
