package main

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// baseline is a target that does nothing but what none can leave out: one thread
// takes all that has come by one system call, and answers it by another. It has
// no disk: what is read are zeros, what is written goes nowhere. What it
// reaches is what the initiator, and the kernel between, leave room for.
func baseline() error {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(listener, 1); err != nil {
		return os.NewSyscallError("listen", err)
	}
	at, err := unix.Getsockname(listener)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	fmt.Printf("127.0.0.1:%d\n", at.(*unix.SockaddrInet4).Port)
	for {
		fd, _, err := unix.Accept(listener)
		if err != nil {
			return os.NewSyscallError("accept", err)
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		f := &idle{fd: fd, in: make([]byte, receiveBuffer), zeros: make([]byte, receiveBuffer)}
		f.serve()
		unix.Close(fd)
	}
}

// idle is one connection of the baseline.
type idle struct {
	fd      int
	in      []byte
	have    int
	zeros   []byte
	skip    int    // bytes of data that are still to come
	asked   header // is answered when they have
	open    bool   // there is one
	statSN  uint32
	out     outgoing
	answers [2 * queueDepth]header
	count   int
}

// queueDepth is more than the commands that an initiator has under way.
const queueDepth = 64

// diskBlocks is how large its disk seems to be, in blocks of 512 bytes.
const diskBlocks = 256 << 11

// agreedText is what Spur would agree to.
const agreedText = "InitialR2T=No\x00ImmediateData=Yes\x00MaxRecvDataSegmentLength=262144\x00FirstBurstLength=131072\x00" +
	"MaxBurstLength=262144\x00HeaderDigest=None\x00DataDigest=None\x00"

// serve goes on until the initiator is gone.
func (f *idle) serve() {
	for {
		n, err := unix.Read(f.fd, f.in[f.have:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		f.have += n
		f.takeIn()
		if err := f.out.send(f.fd); err != nil {
			return
		}
		f.count = 0
	}
}

func (f *idle) takeIn() {
	p := f.in[:f.have]
	for {
		n := min(f.skip, len(p))
		p, f.skip = p[n:], f.skip-n
		if f.skip > 0 {
			break
		}
		if f.open {
			f.answer(&f.asked)
			f.open = false
		}
		if len(p) < headerSize {
			break
		}
		f.asked, f.open = header(p), true
		p, f.skip = p[headerSize:], padded(f.asked.dataLen())
	}
	f.have = copy(f.in, p)
}

// answer is what a target says to a PDU that is here as a whole.
func (f *idle) answer(h *header) {
	a := &f.answers[f.count%len(f.answers)]
	f.count++
	*a = header{}
	copy(a[16:20], h[16:20])
	var data []byte
	switch h[0] & 0x3f {
	case opLogin:
		copy(a[8:16], h[8:16])
		a[0], a[1], a[15] = opLoginResp, h[1], 1
		if h[1]&0x0c != 0 { // the operational stage
			data = []byte(agreedText)
		}
	case opCommand:
		if data = f.data(h); data != nil {
			a[0], a[1] = opDataIn, 0x81
			a.put32(20, noTag)
		} else {
			a[0], a[1] = opSCSIResponse, 0x80
		}
	case opNOPOut, opLogout:
		a[0], a[1] = h[0]&0x3f|0x20, 0x80
		a.put32(20, noTag)
	default:
		return // Data-Out that nobody asked for
	}
	a.setDataLen(len(data))
	a.put32(24, f.statSN)
	f.statSN++
	next := h.u32(24)
	if h[0]&0x40 == 0 { // else it takes no number
		next++
	}
	a.put32(28, next)
	a.put32(32, next+queueDepth-1)
	f.out.queue(a[:])
	if len(data) > 0 {
		f.out.queue(data)
		f.out.queue(f.zeros[:padded(len(data))-len(data)])
	}
}

// data is what a command reads; nil is nothing.
func (f *idle) data(h *header) []byte {
	n := min(int(h.u32(20)), len(f.zeros))
	switch h[32] {
	case 0x28, 0x88: // READ (10) and (16)
		return f.zeros[:n]
	case 0x12: // INQUIRY: a disk
		return f.zeros[:min(n, 36)]
	case 0x25: // READ CAPACITY (10)
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, diskBlocks-1), 512)
	case 0x9e: // READ CAPACITY (16)
		p := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, diskBlocks-1), 512)
		return append(p, f.zeros[:min(n, 32)-len(p)]...)
	}
	return nil
}
