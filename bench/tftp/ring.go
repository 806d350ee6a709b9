package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is a packet socket that shares what it receives with the kernel
// (packet(7), TPACKET_V2): no system call for a frame that is there already,
// and of each only the first bytes are copied. Its system calls are raw: they
// are short, and the scheduler has nobody else to serve.
type ring struct {
	fd       int
	memory   []byte
	next     int
	messages []message
	vectors  []unix.Iovec
}

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	sent   uint32
	_      [4]byte
}

const (
	snapLength = 128 // bytes of a frame that are looked at: its headers, or an OACK
	slotSize   = 256 // those, the kernel's header and alignment
	slots      = 1 << 15
	batch      = 64 // frames sent, or taken, in one go
)

// openRing takes the IPv4 frames that come in on an interface.
func openRing(index int) (*ring, error) {
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
	const ipv4 = unix.ETH_P_IP>>8 | unix.ETH_P_IP<<8&0xff00 // in network order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: index}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	return &ring{fd: fd, memory: memory, messages: make([]message, batch), vectors: make([]unix.Iovec, batch)}, nil
}

// take hands over the frames that are there, at most a batch, and returns how
// many they were. A frame is valid during the call.
func (r *ring) take(handle func(frame []byte) error) (int, error) {
	for n := range batch {
		if !r.ready() {
			return n, nil
		}
		h := r.header()
		err := handle(r.memory[r.next*slotSize+int(h.Mac):][:h.Snaplen])
		atomic.StoreUint32(&h.Status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % slots
		if err != nil {
			return n, err
		}
	}
	return batch, nil
}

// moderation is how long the ring is left alone once it is empty: about as long
// as a network card holds its interrupt back. Waiting in ppoll instead would
// have the server pay for waking this process with many of its packets, which
// on a real wire it does not.
const moderation = 20 * time.Microsecond

// wait waits for a frame; false when none came in time.
func (r *ring) wait(limit time.Duration) bool {
	nap := unix.NsecToTimespec(int64(moderation))
	for until := time.Now().Add(limit); !r.ready(); {
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&nap)), 0, 0) // interrupted: a shorter nap
		if time.Now().After(until) {
			return r.ready()
		}
	}
	return true
}

func (r *ring) header() *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&r.memory[r.next*slotSize]))
}

func (r *ring) ready() bool { return atomic.LoadUint32(&r.header().Status)&unix.TP_STATUS_USER != 0 }

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

// lost returns how many frames found no room in the ring.
func (r *ring) lost() (int, error) {
	var stats struct{ packets, drops uint32 }
	size := uint32(unsafe.Sizeof(stats))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(r.fd), unix.SOL_PACKET, unix.PACKET_STATISTICS,
		uintptr(unsafe.Pointer(&stats)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("packet statistics: %w", errno)
	}
	return int(stats.drops), nil
}
