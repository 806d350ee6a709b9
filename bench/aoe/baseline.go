package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

// baseline is a server that does nothing but what no server over packet sockets
// can leave out: it has no queue and one target, looks at its ring without ever
// sleeping, and answers all that is there with one system call. Its disk is the
// file that it is given, which it reads and writes by one system call for each
// frame, from the ring itself. Without a file it has no disk either, and what it
// reaches then is what there is to reach here.
func baseline(args []string) error {
	r, err := openRing(16 << 10)
	if err != nil {
		return err
	}
	disk := -1
	if len(args) > 0 {
		if disk, err = unix.Open(args[0], unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return &os.PathError{Op: "open", Path: args[0], Err: err}
		}
	}
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	var answers [batch][]byte
	for i := range answers {
		answers[i] = make([]byte, headers+255*512)
	}
	queue := make([][]byte, 0, batch)
	for {
		queue = queue[:0]
		for len(queue) < batch {
			f, _ := r.peek()
			if f == nil {
				break
			}
			if len(f) >= 32 && f[14]&8 == 0 {
				a := answer(r, answers[len(queue)], f)
				if err := carryOut(disk, f, a); err != nil {
					return err
				}
				queue = append(queue, a)
			}
			r.done()
		}
		if err := r.send(queue); err != nil {
			return err
		}
	}
}

// carryOut reads or writes what a frame asks for, if there is a disk.
func carryOut(disk int, f, answer []byte) error {
	if disk < 0 || f[19] != 0 {
		return nil
	}
	call, data := uintptr(unix.SYS_PREAD64), answer[headers:]
	if f[27] == ataWriteExt {
		call, data = unix.SYS_PWRITE64, f[headers:]
	}
	var lba [8]byte
	copy(lba[:], f[28:34])
	n, _, errno := unix.RawSyscall6(call, uintptr(disk), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)),
		uintptr(binary.LittleEndian.Uint64(lba[:])*512), 0, 0)
	if errno != 0 || int(n) < len(data) {
		return fmt.Errorf("%d of %d bytes: %w", n, len(data), errno)
	}
	return nil
}

// answer makes an answer of whatever the buffer holds.
func answer(r *ring, b, f []byte) []byte {
	copy(b, f[:min(len(f), headers)])
	copy(b, f[6:12])
	copy(b[6:], r.address[:])
	b[14] |= 8
	if f[19] == 1 { // a question about the configuration
		b[17], b[18] = 1, 1
		binary.BigEndian.PutUint16(b[24:], buffers)
		b[28] = byte((r.mtu - (headers - 14)) / 512)
		return b[:32]
	}
	b[25], b[27] = 0, 0x40
	if f[27] == ataWriteExt {
		return b[:headers]
	}
	return b[:headers+int(f[26])*512]
}
