// Command nbdattach has Linux's NBD driver use an export as a disk, and gives
// it a new connection whenever the server is gone: nbdattach ADDRESS EXPORT
// NUMBER. What the disk is asked meanwhile waits.
//
// nbd-client can't do that: Debian's gives the driver no time to wait for a
// new connection (NBD_ATTR_DEAD_CONN_TIMEOUT), so that every request fails.
package main

import (
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Commands and attributes of linux/nbd-netlink.h.
const (
	cmdConnect     = 1
	cmdReconfigure = 3

	attrIndex       = 1
	attrSize        = 2
	attrBlockSize   = 3
	attrTimeout     = 4
	attrServerFlags = 5
	attrSockets     = 7
	attrDeadTime    = 8

	sockItem = 1
	sockFD   = 1
)

// Seconds that a request may take, and that it waits for a new connection. The
// driver sends a request that was on its way when the server went again when its
// time is over, no sooner.
const (
	requestTime = 3
	deadTime    = 120
)

func main() {
	log.SetFlags(0)
	number, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	for command := uint8(cmdConnect); ; command = cmdReconfigure {
		link, err := connect(os.Args[1], os.Args[2])
		if err != nil {
			log.Print(err)
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if err := link.giveToDriver(command, uint32(number)); err != nil {
			log.Fatalf("nbd%d: %v", number, err)
		}
		if err := link.waitClosed(); err != nil {
			log.Fatal(err)
		}
	}
}

// A link is a connection whose handshake is over.
type link struct {
	socket *os.File
	size   uint64 // bytes
	flags  uint16
}

// connect goes through the handshake with NBD_OPT_EXPORT_NAME.
func connect(address, name string) (*link, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var hello [18]byte
	_, err = io.ReadFull(conn, hello[:])
	const noZeroes = 3 // and fixed newstyle
	option := append([]byte{0, 0, 0, noZeroes}, "IHAVEOPT\x00\x00\x00\x01"...)
	option = append(binary.BigEndian.AppendUint32(option, uint32(len(name))), name...)
	_, writeErr := conn.Write(option)
	var export [10]byte
	_, readErr := io.ReadFull(conn, export[:])
	if err := errors.Join(err, writeErr, readErr); err != nil {
		return nil, err
	}
	socket, err := conn.(*net.TCPConn).File()
	if err != nil {
		return nil, err
	}
	return &link{socket: socket, size: binary.BigEndian.Uint64(export[:]), flags: binary.BigEndian.Uint16(export[8:])}, nil
}

// giveToDriver gives the connection to the driver, which has its own hold on it
// from then on.
func (l *link) giveToDriver(command uint8, number uint32) error {
	family, err := netlink.GenlFamilyGet("nbd")
	if err != nil {
		return err
	}
	request := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_ACK)
	request.AddData(&nl.Genlmsg{Command: command, Version: 1})
	request.AddData(nl.NewRtAttr(attrIndex, nl.Uint32Attr(number)))
	if command == cmdConnect {
		request.AddData(nl.NewRtAttr(attrSize, nl.Uint64Attr(l.size)))
		request.AddData(nl.NewRtAttr(attrBlockSize, nl.Uint64Attr(512)))
	}
	request.AddData(nl.NewRtAttr(attrTimeout, nl.Uint64Attr(requestTime)))
	request.AddData(nl.NewRtAttr(attrServerFlags, nl.Uint64Attr(uint64(l.flags))))
	request.AddData(nl.NewRtAttr(attrDeadTime, nl.Uint64Attr(deadTime)))
	sockets := nl.NewRtAttr(attrSockets|unix.NLA_F_NESTED, nil)
	item := sockets.AddRtAttr(sockItem|unix.NLA_F_NESTED, nil)
	item.AddRtAttr(sockFD, nl.Uint32Attr(uint32(l.socket.Fd())))
	request.AddData(sockets)
	_, err = request.Execute(unix.NETLINK_GENERIC, 0)
	return err
}

// waitClosed returns when the server has closed the connection.
func (l *link) waitClosed() error {
	defer l.socket.Close()
	for {
		fds := []unix.PollFd{{Fd: int32(l.socket.Fd()), Events: unix.POLLRDHUP}}
		if _, err := unix.Poll(fds, -1); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
