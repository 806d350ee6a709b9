package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A downloader is one simulated machine: a socket and the next block.
type downloader struct {
	fd     int
	block  int
	window int
	got    uint64
	acked  uint64
	gapped bool
	begun  bool // the server's port is known
	heard  time.Time
	done   bool
	last   []byte // the packet to repeat after silence
}

// load is the client of many machines: one thread, one epoll, two system
// calls per window, and of each block only the header is copied
// (MSG_TRUNC). What it costs it takes from the server's machine.
func load(args []string) error {
	if len(args) != 5 {
		return errors.New("load ADDRESS FILE CLIENTS BLKSIZE WINDOWSIZE")
	}
	server, err := netip.ParseAddrPort(args[0])
	if err != nil {
		return err
	}
	count, _ := strconv.Atoi(args[2])
	block, _ := strconv.Atoi(args[3])
	window, _ := strconv.Atoi(args[4])
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	all := make([]*downloader, count)
	for i := range all {
		if all[i], err = newDownloader(ep, i, server, args[1], block, window); err != nil {
			return err
		}
	}
	return drive(ep, all)
}

func newDownloader(ep, index int, server netip.AddrPort, file string, block, window int) (*downloader, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	d := &downloader{fd: fd, block: 512, window: 1, heard: time.Now()}
	request := "\x00\x01" + file + "\x00octet\x00blksize\x00" + strconv.Itoa(block) + "\x00"
	if window > 1 {
		request += "windowsize\x00" + strconv.Itoa(window) + "\x00"
	}
	d.last = []byte(request)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4*block*window+(256<<10))
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(index)}); err != nil {
		return nil, err
	}
	return d, unix.Sendto(fd, d.last, 0, &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()})
}

func drive(ep int, all []*downloader) error {
	left := len(all)
	events := make([]unix.EpollEvent, len(all))
	for left > 0 {
		n, err := unix.EpollWait(ep, events, 500)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			d := all[e.Fd]
			if err := d.drain(); err != nil {
				return fmt.Errorf("client %d, block %d: %w", e.Fd, d.got, err)
			}
			if d.done {
				left--
				unix.Close(d.fd)
			}
		}
		if n == 0 {
			if err := nudge(all); err != nil {
				return err
			}
		}
	}
	return nil
}

// nudge repeats the last packet of those who wait.
func nudge(all []*downloader) error {
	for i, d := range all {
		if d.done {
			continue
		}
		if time.Since(d.heard) > 20*time.Second {
			return fmt.Errorf("client %d heard nothing after block %d", i, d.got)
		}
		if d.begun {
			_, _ = unix.Write(d.fd, d.last)
		}
	}
	return nil
}

// drain takes what has arrived.
func (d *downloader) drain() error {
	var head [64]byte
	for range 2 * d.window {
		if !d.begun {
			if err := d.begin(); err != nil || !d.begun {
				return err
			}
			continue
		}
		n, _, err := unix.Recvfrom(d.fd, head[:4], unix.MSG_TRUNC|unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err != nil:
			return err
		case head[1] == 5:
			return errors.New("the server sent an ERROR")
		case head[1] != 3:
			continue
		}
		if err := d.data(binary.BigEndian.Uint16(head[2:]), n-4); err != nil || d.done {
			return err
		}
		if d.window == 1 {
			return nil
		}
	}
	return nil
}

func (d *downloader) data(number uint16, size int) error {
	switch ahead := int16(number - uint16(d.got)); {
	case ahead == 1:
		d.got++
		d.gapped = false
		d.done = size < d.block
		if !d.done && d.got-d.acked < uint64(d.window) {
			return nil
		}
	case ahead > 1 && d.gapped, ahead < 1 && number != uint16(d.acked):
		return nil
	case ahead > 1:
		d.gapped = true
	}
	d.heard = time.Now()
	d.acked = d.got
	binary.BigEndian.PutUint16(d.last[2:], uint16(d.got))
	_, err := unix.Write(d.fd, d.last)
	if d.done {
		return nil
	}
	return err
}

// begin takes the server's OACK.
func (d *downloader) begin() error {
	var buf [1024]byte
	n, from, err := unix.Recvfrom(d.fd, buf[:], unix.MSG_DONTWAIT)
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil:
		return err
	case n < 2 || buf[1] != 6:
		return fmt.Errorf("no OACK but opcode %d", buf[1])
	}
	if err := unix.Connect(d.fd, from); err != nil {
		return err
	}
	d.options(buf[2:n])
	d.begun, d.heard = true, time.Now()
	d.last = []byte{0, 4, 0, 0}
	_, err = unix.Write(d.fd, d.last)
	return err
}

func (d *downloader) options(b []byte) {
	var words []string
	start := 0
	for i, c := range b {
		if c == 0 {
			words = append(words, string(b[start:i]))
			start = i + 1
		}
	}
	for i := 0; i+1 < len(words); i += 2 {
		value, _ := strconv.Atoi(words[i+1])
		switch words[i] {
		case "blksize":
			d.block = value
		case "windowsize":
			d.window = value
		}
	}
}
