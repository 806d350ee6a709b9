package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// headerSize is that of a basic header segment (RFC 7143 section 11.2.1).
const headerSize = 48

// Opcodes of PDUs (RFC 7143 section 11.2.1.2).
const (
	opNOPOut       = 0x00
	opCommand      = 0x01
	opLogin        = 0x03
	opDataOut      = 0x05
	opLogout       = 0x06
	opNOPIn        = 0x20
	opSCSIResponse = 0x21
	opLoginResp    = 0x23
	opDataIn       = 0x25
	opR2T          = 0x31
)

const noTag = 0xffffffff

type header [headerSize]byte

func (h *header) u32(at int) uint32      { return binary.BigEndian.Uint32(h[at:]) }
func (h *header) put32(at int, v uint32) { binary.BigEndian.PutUint32(h[at:], v) }
func (h *header) dataLen() int           { return int(h.u32(4) & 0xffffff) }
func (h *header) setDataLen(n int)       { h.put32(4, uint32(n)) }

// padded is a length as it is on the wire.
func padded(n int) int { return (n + 3) &^ 3 }

// initiator is a session of one connection, by a thread that waits in system
// calls.
type initiator struct {
	fd        int
	cmdSN     uint32
	expStatSN uint32

	// What was agreed.
	segment    int // the target's MaxRecvDataSegmentLength
	firstBurst int
	initialR2T bool
	immediate  bool
}

// What the initiator wishes: about what libiscsi and open-iscsi do.
const (
	wishes = "SessionType=Normal\x00HeaderDigest=None\x00DataDigest=None\x00InitialR2T=No\x00ImmediateData=Yes\x00" +
		"MaxRecvDataSegmentLength=262144\x00MaxBurstLength=262144\x00FirstBurstLength=262144\x00" +
		"MaxOutstandingR2T=1\x00MaxConnections=1\x00ErrorRecoveryLevel=0\x00DefaultTime2Wait=2\x00DefaultTime2Retain=0\x00"
	defaultSegment    = 8192
	defaultFirstBurst = 65536
)

// login makes a session.
func login(addr, target string) (*initiator, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	i := &initiator{fd: fd, segment: defaultSegment, firstBurst: defaultFirstBurst, initialR2T: true, immediate: true}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	if err == nil { // not before: with a time limit a signal ends a Connect
		err = errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 10}))
	}
	if err == nil {
		err = i.negotiate(target)
	}
	if err != nil {
		i.close()
		return nil, fmt.Errorf("login: %w", err)
	}
	return i, nil
}

func (i *initiator) close() { unix.Close(i.fd) }

// negotiate goes straight to the full feature phase, and says nothing more
// where the target wants another round (RFC 7143 section 6.3).
func (i *initiator) negotiate(target string) error {
	ask := []byte("InitiatorName=iqn.2026-11.example.spur:initiator\x00TargetName=" + target + "\x00" + wishes)
	var answer [32 << 10]byte
	for range 4 {
		h := header{0: opLogin | 0x40, 1: 0x87, 8: 0x80}
		h.setDataLen(len(ask))
		h.put32(28, i.expStatSN)
		if err := i.write(append(append(h[:], ask...), make([]byte, padded(len(ask))-len(ask))...)); err != nil {
			return err
		}
		h, text, err := i.readPDU(answer[:])
		if err != nil {
			return err
		}
		if h[0] != opLoginResp || h[36] != 0 {
			return fmt.Errorf("refused: %x", h[:])
		}
		i.expStatSN = h.u32(24) + 1
		if err := i.agree(text); err != nil {
			return err
		}
		if h[1]&0x83 == 0x83 {
			return nil
		}
		ask = nil
	}
	return errors.New("no end")
}

// agree takes in what the target answers.
func (i *initiator) agree(text []byte) error {
	for kv := range bytes.SplitSeq(text, []byte{0}) {
		key, value, _ := strings.Cut(string(kv), "=")
		var err error
		switch key {
		case "InitialR2T":
			i.initialR2T = value == "Yes"
		case "ImmediateData":
			i.immediate = value == "Yes"
		case "MaxRecvDataSegmentLength":
			_, err = fmt.Sscan(value, &i.segment)
		case "FirstBurstLength":
			_, err = fmt.Sscan(value, &i.firstBurst)
		}
		if err != nil {
			return fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	return nil
}

func (i *initiator) write(p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(i.fd, p)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("send: %w", err)
		}
		p = p[max(n, 0):]
	}
	return nil
}

// readPDU reads one PDU with its data into p.
func (i *initiator) readPDU(p []byte) (h header, data []byte, err error) {
	if err = i.readFull(h[:]); err != nil {
		return h, nil, err
	}
	n := h.dataLen()
	if padded(n) > len(p) {
		return h, nil, fmt.Errorf("a PDU with %d bytes", n)
	}
	return h, p[:n], i.readFull(p[:padded(n)])
}

func (i *initiator) readFull(p []byte) error {
	for len(p) > 0 {
		n, err := i.read(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (i *initiator) read(p []byte) (int, error) {
	for {
		n, err := unix.Read(i.fd, p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("receive: %w", err)
		case n == 0:
			return 0, errors.New("the target closed the connection")
		default:
			return n, nil
		}
	}
}
