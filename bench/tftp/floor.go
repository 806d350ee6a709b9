package main

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// floor is a server that does nothing but what no server over UDP sockets can
// leave out: it reads no file, keeps no time and repeats nothing, takes all the
// ACKs that are there with one system call, and answers them with another, of
// which the kernel cuts whole windows (UDP GSO). What it reaches is what there
// is to reach here.
//
// Each of its threads has a socket of its own, and serves every so-manieth
// client.
func floor(args []string) error {
	address, err := netip.ParseAddrPort(args[0])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	desk, err := bound(address)
	if err != nil {
		return err
	}
	threads := make([]*answerer, count)
	for i := range threads {
		if threads[i], err = newAnswerer(netip.AddrPortFrom(address.Addr(), 0)); err != nil {
			return err
		}
		go threads[i].run()
	}
	buf := make([]byte, 2048)
	for i := 0; ; i++ {
		n, from, err := unix.Recvfrom(desk, buf, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		client, ok := from.(*unix.SockaddrInet4)
		if !ok || n < 4 || binary.BigEndian.Uint16(buf) != 1 {
			continue
		}
		t, oack := accept(string(buf[2:n]), client)
		to := threads[i%count]
		to.begin <- t
		if err := unix.Sendto(to.fd, oack, 0, from); err != nil {
			return os.NewSyscallError("sendto", err)
		}
	}
}

func bound(address netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()})
	return fd, os.NewSyscallError("bind", err)
}

// A download is what the floor knows of a client. Blocks are counted without
// rolling over.
type download struct {
	to            unix.RawSockaddrInet4
	cut           []byte // control message: the size of a packet
	block, window int
	acked, last   int
	tail          int // bytes of the last block
}

// accept grants what the client asks for.
func accept(request string, client *unix.SockaddrInet4) (*download, []byte) {
	words := strings.Split(request, "\x00")
	oack := "\x00\x06"
	asked := map[string]int{"blksize": 512, "windowsize": 1}
	for i := 2; i+1 < len(words); i += 2 {
		if _, known := asked[words[i]]; known {
			asked[words[i]], _ = strconv.Atoi(words[i+1]) // the clients are ours
			oack += words[i] + "\x00" + words[i+1] + "\x00"
		}
	}
	size, _ := strconv.Atoi(strings.TrimPrefix(words[0], fileOf(0)[:4]))
	d := &download{
		to:    unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: client.Addr},
		block: asked["blksize"], window: asked["windowsize"],
	}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&d.to.Port))[:], uint16(client.Port))
	d.last, d.tail = size/d.block+1, size%d.block
	if d.window > 1 {
		d.cut = segmentSize(4 + d.block)
	}
	return d, []byte(oack)
}

func segmentSize(bytes int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], uint16(bytes))
	return b
}

// An answerer is one thread of the floor.
type answerer struct {
	fd        int
	begin     chan *download
	downloads map[[4]byte]*download // by address: each machine has one
	in, out   [batch]message
	from      [batch]unix.RawSockaddrInet4
	inAt      [batch]unix.Iovec
	outAt     [batch]unix.Iovec
	acks      [batch][8]byte
	count     int    // messages in out
	arena     []byte // what they hold; the files are all zeroes
	used      int
}

const (
	arenaSize  = 4 << 16
	mostAtOnce = 65507 // bytes that one message holds before it is cut
	mostCuts   = 64    // UDP_MAX_SEGMENTS
)

func newAnswerer(address netip.AddrPort) (*answerer, error) {
	fd, err := bound(address)
	if err != nil {
		return nil, err
	}
	for _, buffer := range []int{unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE} {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, buffer, 4<<20))
	}
	a := &answerer{fd: fd, begin: make(chan *download, 256), downloads: map[[4]byte]*download{}, arena: make([]byte, arenaSize)}
	for i := range a.in {
		a.inAt[i].Base = &a.acks[i][0]
		a.inAt[i].SetLen(len(a.acks[i]))
	}
	return a, os.NewSyscallError("setsockopt", err)
}

func (a *answerer) run() {
	runtime.LockOSThread()
	for {
		for i := range a.receive() {
			if d := a.client(i); d != nil && a.acks[i][1] == 4 {
				a.answer(d, binary.BigEndian.Uint16(a.acks[i][2:]))
			}
		}
		a.flush()
	}
}

// receive takes what is there, and waits only if that is nothing.
func (a *answerer) receive() int {
	for i := range a.in {
		a.in[i].header = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&a.from[i])), Namelen: unix.SizeofSockaddrInet4, Iov: &a.inAt[i], Iovlen: 1}
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(a.fd), uintptr(unsafe.Pointer(&a.in[0])), batch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		n, _, errno = unix.Syscall6(unix.SYS_RECVMMSG, uintptr(a.fd), uintptr(unsafe.Pointer(&a.in[0])), batch, unix.MSG_WAITFORONE, 0, 0)
	}
	if errno != 0 { // ICMP's word of an earlier client
		return 0
	}
	return int(n)
}

// client finds the client of a packet.
func (a *answerer) client(i int) *download {
	for len(a.begin) > 0 {
		d := <-a.begin
		a.downloads[d.to.Addr] = d
	}
	if d := a.downloads[a.from[i].Addr]; d != nil && d.to.Port == a.from[i].Port {
		return d
	}
	return nil
}

// answer sends the window after a block that is confirmed. Nothing is lost
// here: an ACK confirms what was sent last.
func (a *answerer) answer(d *download, number uint16) {
	d.acked += int(number - uint16(d.acked))
	most := min(d.window, mostCuts, mostAtOnce/(4+d.block))
	for next, end := d.acked+1, min(d.acked+d.window, d.last); next <= end; {
		n := min(most, end-next+1)
		a.send(d, next, n)
		next += n
	}
}

// send puts n blocks into one message.
func (a *answerer) send(d *download, next, n int) {
	stride := 4 + d.block
	if a.count == batch || a.used+n*stride > len(a.arena) {
		a.flush()
	}
	for i := range n {
		binary.BigEndian.PutUint32(a.arena[a.used+i*stride:], 3<<16|uint32(uint16(next+i)))
	}
	length := n * stride
	if next+n > d.last {
		length += d.tail - d.block
	}
	v := &a.outAt[a.count]
	v.Base = &a.arena[a.used]
	v.SetLen(length)
	h := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&d.to)), Namelen: unix.SizeofSockaddrInet4, Iov: v, Iovlen: 1}
	if n > 1 {
		h.Control = &d.cut[0]
		h.SetControllen(len(d.cut))
	}
	a.out[a.count].header = h
	a.count++
	a.used += n * stride
}

func (a *answerer) flush() {
	for done := 0; done < a.count; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(a.fd), uintptr(unsafe.Pointer(&a.out[done])), uintptr(a.count-done), 0, 0, 0)
		if errno == 0 {
			done += int(n)
		} else if errno != unix.EINTR && errno != unix.ENOBUFS {
			done++ // that client is gone
		}
	}
	a.count, a.used = 0, 0
}
