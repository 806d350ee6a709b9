package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/bench/testbed"
)

// load keeps commands on their way. What a command sends without being asked
// lies ready as it goes out; only its address and numbers are filled in.
type load struct {
	*initiator
	p      point
	blocks int64   // of the size of a command
	next   int64   // of a sequence
	slots  []slot  // by initiator task tag
	ready  []int32 // slots to be sent
	out    outgoing
	in     []byte
	have   int // bytes of in
	skip   int // bytes of data that are still to come
	done   int
}

// slot is a command on its way.
type slot struct {
	bytes []byte   // of the command
	outs  [][]byte // Data-Outs that an R2T asks for
}

// receiveBuffer takes the answers of many commands at once.
const receiveBuffer = 256 << 10

// run asks for a while and says how many commands a second were answered.
func (i *initiator) run(ctx context.Context, p point, d time.Duration) (f testbed.Figure, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := &load{initiator: i, p: p, in: make([]byte, receiveBuffer)}
	if err := l.prepare(); err != nil {
		return f, err
	}
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &before); err != nil {
		return f, os.NewSyscallError("getrusage", err)
	}
	began := time.Now()
	for time.Since(began) < d && ctx.Err() == nil {
		if err := l.turn(); err != nil {
			return f, err
		}
	}
	took := time.Since(began).Seconds()
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &after); err != nil {
		return f, os.NewSyscallError("getrusage", err)
	}
	spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return testbed.Figure{Rate: float64(l.done) / took, Client: time.Duration(spent).Seconds() / took}, ctx.Err()
}

// prepare asks for the capacity, and makes the commands.
func (l *load) prepare() error {
	for range 4 { // what a new session has to say comes first: power on, for one
		if err := l.capacity(); err != nil {
			return err
		}
		if l.blocks > 0 {
			break
		}
	}
	if l.blocks == 0 {
		return fmt.Errorf("the disk has no %d bytes, or doesn't tell", l.p.size)
	}
	data := make([]byte, l.p.size)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	for i := range l.p.depth {
		l.slots = append(l.slots, l.slot(data))
		l.ready = append(l.ready, int32(i))
	}
	return nil
}

// capacity is READ CAPACITY (10).
func (l *load) capacity() error {
	h := header{0: opCommand, 1: 0xc1, 9: 1, 32: 0x25}
	h.put32(20, 8)
	h.put32(24, l.cmdSN)
	h.put32(28, l.expStatSN)
	l.cmdSN++
	if err := l.write(h[:]); err != nil {
		return err
	}
	for {
		h, data, err := l.readPDU(l.in)
		if err != nil {
			return err
		}
		if h[0] == opDataIn && len(data) == 8 {
			last, size := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
			l.blocks = (int64(last) + 1) * int64(size) / int64(l.p.size)
		}
		if h[0] == opSCSIResponse || h[0] == opDataIn && h[1]&1 != 0 {
			l.expStatSN = h.u32(24) + 1
			return nil
		}
	}
}

// slot makes a command with as much data as may go with it.
func (l *load) slot(data []byte) (s slot) {
	h := header{0: opCommand, 1: 0xc1, 9: 1, 32: 0x28}
	h.put32(20, uint32(l.p.size))
	binary.BigEndian.PutUint16(h[32+7:], uint16(l.p.size/512))
	if !l.p.write {
		return slot{bytes: h[:]}
	}
	h[1], h[32] = 0xa1, 0x2a
	at := 0
	if l.immediate {
		at = min(len(data), l.segment, l.firstBurst)
		h.setDataLen(at)
	}
	first := at
	if !l.initialR2T {
		first = min(len(data), l.firstBurst)
	}
	if first > at {
		h[1] &^= 0x80 // unsolicited data follows
	}
	s.bytes = append(append(h[:], data[:at]...), l.dataOuts(data, at, first)...)
	if first < len(data) {
		s.outs = append(s.outs, l.dataOuts(data, first, len(data)))
	}
	return s
}

// dataOuts are those of a sequence.
func (l *load) dataOuts(data []byte, from, to int) (all []byte) {
	for sn := uint32(0); from < to; sn++ {
		n := min(to-from, l.segment)
		h := header{0: opDataOut, 9: 1}
		if from+n == to {
			h[1] = 0x80
		}
		h.setDataLen(n)
		h.put32(20, noTag)
		h.put32(36, sn)
		h.put32(40, uint32(from))
		all = append(append(all, h[:]...), data[from:from+n]...)
		from += n
	}
	return all
}

// turn sends what is ready and takes in what has come.
func (l *load) turn() error {
	for _, i := range l.ready {
		l.address(uint32(i))
	}
	l.ready = l.ready[:0]
	if err := l.out.send(l.fd); err != nil {
		return err
	}
	n, err := l.read(l.in[l.have:])
	if err != nil {
		return err
	}
	l.have += n
	return l.takeIn()
}

// address fills in a command.
func (l *load) address(tag uint32) {
	b := l.slots[tag].bytes
	block := l.next
	if l.p.sequential {
		l.next = (l.next + 1) % l.blocks
	} else {
		block = rand.Int64N(l.blocks)
	}
	l.number(b, tag, noTag)
	binary.BigEndian.PutUint32(b[20:], uint32(l.p.size))
	binary.BigEndian.PutUint32(b[24:], l.cmdSN)
	binary.BigEndian.PutUint32(b[32+2:], uint32(block*int64(l.p.size/512)))
	l.cmdSN++
	l.out.queue(b)
}

// number fills in the tags of a run of PDUs.
func (l *load) number(b []byte, tag, transfer uint32) {
	for len(b) > 0 {
		binary.BigEndian.PutUint32(b[16:], tag)
		binary.BigEndian.PutUint32(b[20:], transfer)
		binary.BigEndian.PutUint32(b[28:], l.expStatSN)
		b = b[headerSize+int(binary.BigEndian.Uint32(b[4:])):]
	}
}

// outgoing is what leaves by one system call.
type outgoing []unix.Iovec

func (o *outgoing) queue(b []byte) {
	if len(b) == 0 {
		return
	}
	v := unix.Iovec{Base: unsafe.SliceData(b)}
	v.SetLen(len(b))
	*o = append(*o, v)
}

// send sends what is queued.
func (o *outgoing) send(fd int) error {
	vec := *o
	for len(vec) > 0 {
		n, _, err := unix.Syscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vec[0])), uintptr(len(vec)))
		if err != 0 && err != unix.EINTR {
			return os.NewSyscallError("writev", err)
		}
		if err == unix.EINTR {
			continue
		}
		for len(vec) > 0 && uint64(n) >= vec[0].Len {
			n -= uintptr(vec[0].Len)
			vec = vec[1:]
		}
		if n > 0 {
			vec[0].Base = (*byte)(unsafe.Add(unsafe.Pointer(vec[0].Base), n))
			vec[0].SetLen(int(vec[0].Len) - int(n))
		}
	}
	*o = (*o)[:0]
	return nil
}

// takeIn goes through the PDUs that came. Data is skipped.
func (l *load) takeIn() error {
	p := l.in[:l.have]
	for {
		n := min(l.skip, len(p))
		p, l.skip = p[n:], l.skip-n
		if len(p) < headerSize {
			break
		}
		h := (*header)(p)
		l.skip = headerSize + padded(h.dataLen())
		if err := l.pdu(h); err != nil {
			return err
		}
	}
	l.have = copy(l.in, p)
	return nil
}

func (l *load) pdu(h *header) error {
	tag := h.u32(16)
	switch h[0] {
	case opDataIn, opSCSIResponse:
		if h[0] == opDataIn && h[1]&1 == 0 {
			return nil // the status comes later
		}
		if h[3] != 0 || tag >= uint32(len(l.slots)) {
			return fmt.Errorf("a command failed: %x", h[:])
		}
		l.expStatSN = h.u32(24) + 1
		l.ready = append(l.ready, int32(tag))
		l.done++
		return nil
	case opR2T:
		if tag >= uint32(len(l.slots)) {
			break
		}
		return l.transfer(h, l.slots[tag])
	case opNOPIn:
		pong := header{0: opNOPOut | 0x40, 1: 0x80}
		copy(pong[8:16], h[8:16])
		pong.put32(16, noTag)
		pong.put32(20, h.u32(20))
		pong.put32(24, l.cmdSN)
		pong.put32(28, l.expStatSN)
		return l.write(pong[:])
	}
	return fmt.Errorf("an unexpected PDU: %x", h[:])
}

// transfer answers an R2T, which asks for all that is left.
func (l *load) transfer(h *header, s slot) error {
	if len(s.outs) != 1 || int(h.u32(40)+h.u32(44)) != l.p.size {
		return fmt.Errorf("an R2T for a part: %x", h[:])
	}
	l.number(s.outs[0], h.u32(16), h.u32(20))
	l.out.queue(s.outs[0])
	return nil
}
