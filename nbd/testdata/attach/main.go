// Command attach has the kernel use an export as a disk, as nbd-client does:
// attach ADDRESS DEVICE. It stays for as long as the disk is there.
package main

import (
	"encoding/binary"
	"io"
	"log"
	"net"
	"os"
	"syscall"
)

// Calls of linux/nbd.h.
const (
	setSock       = 0xab00
	setBlockSize  = 0xab01
	doIt          = 0xab03
	setSizeBlocks = 0xab07
	setFlags      = 0xab0a
)

func main() {
	nc, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var b [18]byte
	read(nc, b[:])
	option := append([]byte{0, 0, 0, 3}, "IHAVEOPT\x00\x00\x00\x01\x00\x00\x00\x00"...) // NBD_OPT_EXPORT_NAME ""
	if _, err := nc.Write(option); err != nil {
		log.Fatal(err)
	}
	read(nc, b[:10])
	socket, err := nc.(*net.TCPConn).File()
	if err != nil {
		log.Fatal(err)
	}
	device, err := os.OpenFile(os.Args[2], os.O_RDWR, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, call := range [][2]uintptr{
		{setBlockSize, 512},
		{setSizeBlocks, uintptr(binary.BigEndian.Uint64(b[:]) / 512)},
		{setFlags, uintptr(binary.BigEndian.Uint16(b[8:]))},
		{setSock, socket.Fd()},
		{doIt, 0},
	} {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, device.Fd(), call[0], call[1]); e != 0 {
			log.Fatalf("ioctl %#x: %v", call[0], e)
		}
	}
}

func read(nc net.Conn, b []byte) {
	if _, err := io.ReadFull(nc, b); err != nil {
		log.Fatal(err)
	}
}
