package aoe

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is memory into which the kernel puts the frames that a packet socket
// receives, each into a slot of its own (packet(7), TPACKET_V2). Reading those that
// are there takes no system call.
type ring struct {
	memory []byte
	slot   int // bytes, a power of two
	next   int // where in the memory the next frame is going to be
}

const (
	ringSize  = 8 << 20
	ringBlock = 64 << 10
	// ringHeaders is what the kernel puts before a frame at most.
	ringHeaders = 80
)

// newRing makes the ring of a socket for frames up to a length.
func newRing(socket, longest int) (*ring, error) {
	slot := 2048
	for slot < ringHeaders+longest {
		slot *= 2
	}
	block := max(slot, ringBlock)
	request := unix.TpacketReq{Block_size: uint32(block), Block_nr: uint32(ringSize / block),
		Frame_size: uint32(slot), Frame_nr: uint32(ringSize / slot)}
	err := unix.SetsockoptInt(socket, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2)
	if err == nil {
		err = unix.SetsockoptTpacketReq(socket, unix.SOL_PACKET, unix.PACKET_RX_RING, &request)
	}
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	memory, err := unix.Mmap(socket, 0, ringSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return &ring{memory: memory, slot: slot}, os.NewSyscallError("mmap", err)
}

// read copies the frames that are there, each into one of the slices, which it
// cuts to the frame's length.
func (r *ring) read(frames [][]byte) (n int) {
	for ; n < len(frames); n++ {
		header := (*unix.Tpacket2Hdr)(unsafe.Pointer(&r.memory[r.next]))
		if atomic.LoadUint32(&header.Status)&unix.TP_STATUS_USER == 0 {
			break
		}
		frame := r.memory[r.next+int(header.Mac):][:header.Snaplen]
		frames[n] = frames[n][:copy(frames[n], frame)]
		atomic.StoreUint32(&header.Status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + r.slot) % len(r.memory)
	}
	return n
}
