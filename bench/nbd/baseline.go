package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

// baseline is a server of a raw file that does nothing but what none can leave out:
// it has one connection at a time, looks for requests without ever sleeping,
// takes all that have come with one system call, carries each out by another,
// and answers them with one more. It knows no errors, and nothing but reading
// and writing.
func baseline(name, socket string) error {
	disk, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	info, err := disk.Stat()
	if err != nil {
		return err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		if err = handshake(nc, info.Size()); err == nil {
			err = transmit(nc.(*net.UnixConn), disk)
		}
		nc.Close()
		// Who only looks whether we are there closes too soon.
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
			return err
		}
	}
}

// Numbers of doc/proto.md of the NBD project.
const (
	magicInit        uint64 = 0x4e42444d41474943
	magicOption      uint64 = 0x49484156454f5054
	magicOptionReply uint64 = 0x0003e889045565a9
	magicRequest     uint32 = 0x25609513
	magicReply       uint32 = 0x67446698

	optGo            = 7
	repAck           = 1
	repInfo          = 3
	repUnsupported   = 1<<31 | 1
	flagsOfHandshake = 3 // fixed newstyle, no zeroes
	flagsOfExport    = 1 // there are flags

	cmdRead, cmdWrite = 0, 1

	requestSize = 28
)

// handshake agrees to simple replies, and to nothing else.
func handshake(nc net.Conn, size int64) error {
	b := binary.BigEndian
	_, err := nc.Write(b.AppendUint16(b.AppendUint64(b.AppendUint64(nil, magicInit), magicOption), flagsOfHandshake))
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(nc, make([]byte, 4)); err != nil {
		return err
	}
	for {
		var option [16]byte
		if _, err := io.ReadFull(nc, option[:]); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, nc, int64(b.Uint32(option[12:]))); err != nil {
			return err
		}
		reply := func(kind uint32, data []byte) error {
			p := b.AppendUint32(b.AppendUint64(nil, magicOptionReply), b.Uint32(option[8:]))
			p = b.AppendUint32(b.AppendUint32(p, kind), uint32(len(data)))
			_, err := nc.Write(append(p, data...))
			return err
		}
		if b.Uint32(option[8:]) != optGo {
			if err := reply(repUnsupported, nil); err != nil {
				return err
			}
			continue
		}
		export := b.AppendUint16(b.AppendUint64([]byte{0, 0}, uint64(size)), flagsOfExport)
		return errors.Join(reply(repInfo, export), reply(repAck, nil))
	}
}

// connection is a connection of the baseline.
type connection struct {
	socket int
	disk   *os.File
	in     []byte // room for requests
	held   int    // bytes of them
	out    []byte // answers
}

// transmit carries out requests until the client says goodbye.
func transmit(nc *net.UnixConn, disk *os.File) error {
	file, err := nc.File()
	if err != nil {
		return err
	}
	defer file.Close()
	b := &connection{socket: int(file.Fd()), disk: disk, in: make([]byte, 256<<10), out: make([]byte, 0, 2<<20)}
	for {
		if err := b.take(); err != nil {
			return err
		}
		used := 0
		for more := true; more; {
			var n int
			n, err = b.carryOut(b.in[used:b.held])
			used += n
			more = n > 0 && err == nil
		}
		b.held = copy(b.in, b.in[used:b.held])
		if err := errors.Join(b.answer(), err); err != nil {
			return err
		}
	}
}

// take takes what has come.
func (b *connection) take() error {
	for {
		n, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(b.socket), uintptr(unsafe.Pointer(&b.in[b.held])), uintptr(len(b.in)-b.held),
			unix.MSG_DONTWAIT, 0, 0)
		switch {
		case err == unix.EAGAIN:
			continue
		case err != 0:
			return os.NewSyscallError("recv", err)
		case n == 0:
			return io.EOF
		}
		b.held += int(n)
		return nil
	}
}

// carryOut carries out the first of the requests, and returns how long it is; 0
// if not all of it is there.
func (b *connection) carryOut(r []byte) (size int, err error) {
	if len(r) < requestSize {
		return 0, nil
	}
	if binary.BigEndian.Uint32(r) != magicRequest {
		return 0, errors.New("no request")
	}
	length := int(binary.BigEndian.Uint32(r[24:]))
	begun := len(b.out)
	b.out = append(binary.BigEndian.AppendUint32(b.out, magicReply), 0, 0, 0, 0)
	b.out = append(b.out, r[8:16]...)
	call, size := uintptr(unix.SYS_PREAD64), requestSize
	var data []byte
	switch binary.BigEndian.Uint16(r[6:]) {
	case cmdRead:
		b.out = b.out[:len(b.out)+length]
		data = b.out[len(b.out)-length:]
	case cmdWrite:
		if call, size = unix.SYS_PWRITE64, size+length; len(r) < size {
			b.out = b.out[:begun]
			return 0, nil
		}
		data = r[requestSize:size]
	default:
		return 0, io.EOF
	}
	n, _, failed := unix.RawSyscall6(call, b.disk.Fd(), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(length),
		uintptr(binary.BigEndian.Uint64(r[16:])), 0, 0)
	if failed != 0 || int(n) < length {
		return 0, fmt.Errorf("%d of %d bytes: %w", n, length, failed)
	}
	if len(b.out) > 1<<20 {
		err = b.answer()
	}
	return size, err
}

// answer sends what is answered.
func (b *connection) answer() error {
	for rest := b.out; len(rest) > 0; {
		n, err := unix.SendmsgN(b.socket, rest, nil, nil, unix.MSG_NOSIGNAL)
		if err != nil {
			return os.NewSyscallError("send", err)
		}
		rest = rest[n:]
	}
	b.out = b.out[:0]
	return nil
}
