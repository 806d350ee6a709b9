package aoe

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is memory into which the kernel puts the frames that a packet socket
// receives, each into a slot of its own (packet(7), TPACKET_V2): those that are
// there are read without a system call.
type ring struct {
	memory []byte
	slot   int // bytes
	slots  int // in a block; none goes across its end
	next   int // slot
	count  int // of all slots
}

const (
	ringBlock  = 64 << 10
	ringBlocks = 64

	// ringHeaders is what the kernel puts before a frame at most, and what it
	// aligns slots to (TPACKET_ALIGNMENT).
	ringHeaders   = 80
	ringAlignment = 16
)

// newRing makes the ring of a socket for frames up to a length.
func newRing(socket, longest int) (*ring, error) {
	slot := (ringHeaders + longest + ringAlignment - 1) / ringAlignment * ringAlignment
	block := ringBlock
	for block < slot {
		block *= 2
	}
	r := &ring{slot: slot, slots: block / slot, count: block / slot * ringBlocks}
	request := unix.TpacketReq{Block_size: uint32(block), Block_nr: ringBlocks, Frame_size: uint32(slot), Frame_nr: uint32(r.count)}
	err := unix.SetsockoptInt(socket, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2)
	if err == nil {
		err = unix.SetsockoptTpacketReq(socket, unix.SOL_PACKET, unix.PACKET_RX_RING, &request)
	}
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if r.memory, err = unix.Mmap(socket, 0, block*ringBlocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return r, nil
}

// read copies the frames that are there, each into one of the slices, which it
// cuts to the frame's length.
func (r *ring) read(frames [][]byte) (n int) {
	for ; n < len(frames); n++ {
		at := r.next/r.slots*(len(r.memory)/ringBlocks) + r.next%r.slots*r.slot
		header := (*unix.Tpacket2Hdr)(unsafe.Pointer(&r.memory[at]))
		if atomic.LoadUint32(&header.Status)&unix.TP_STATUS_USER == 0 {
			break
		}
		from := at + int(header.Mac)
		frames[n] = frames[n][:copy(frames[n], r.memory[from:from+int(header.Snaplen)])]
		atomic.StoreUint32(&header.Status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % r.count
	}
	return n
}

func (r *ring) close() error { return os.NewSyscallError("munmap", unix.Munmap(r.memory)) }
