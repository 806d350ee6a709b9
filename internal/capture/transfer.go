package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Transfer is one request for a file, and what came of it.
type Transfer struct {
	Proto  string // "tftp", "http"
	Method string // of HTTP
	Name   string // as it was asked for
	Client netip.AddrPort
	Server netip.AddrPort
	// Start is the first request, First the first of the file, Last the last packet
	// of either side.
	Start, First, Last time.Time
	Requests           int // how often it was asked for
	Answered           bool
	Bytes, Total       int64
	Whole              int64 // the size of the file of which HTTP sends a range
	Lacks              int64 // how many of Bytes aren't in the capture, though they came
	Blocks             int
	BlockSize          int
	Window             int
	Retransmissions    int
	Status             int    // of HTTP
	Location           string // that HTTP names instead
	Done               bool
	// SizeOnly: the client broke off once it knew the size, which was all it wanted.
	SizeOnly bool
	// Err is how it ended, if badly. Refused: by the server's word; Missing: since it
	// has no such file.
	Err     string
	Refused bool
	Missing bool

	next uint64 // the block that comes next
}

// maxName bounds the names of files.
const maxName = 1024

// TFTP's operations and its error of a missing file (RFC 1350).
const (
	opRead, opData, opAck, opError, opOptions = 1, 3, 4, 5, 6
	errNotFound                               = 1
)

// tftpRequest takes in what was sent to TFTP's port.
func (a *assembly) tftpRequest(at time.Time, p packet, src, dst netip.AddrPort, b []byte) {
	if len(b) < 2 || binary.BigEndian.Uint16(b) != opRead {
		a.tftpPacket(at, src, dst, b, p.size) // an error, of a client that knows no other port
		return
	}
	words := strings.Split(string(b[2:min(len(b), 2+maxName)]), "\x00")
	m := a.owner(src.Addr(), p)
	if m == nil {
		return
	}
	m.saw(p)
	if t, ok := a.tftp[src]; ok && t.Name == words[0] && !t.Answered && t.Err == "" {
		t.Requests++
		t.Last = at
		return
	}
	if !makeRoom(a.tftp, func(t *Transfer) bool { return t.Done || t.Err != "" || t.SizeOnly }) {
		return
	}
	t := &Transfer{Proto: "tftp", Name: words[0], Client: src, Server: dst, Start: at, Last: at, Requests: 1, BlockSize: 512, Window: 1, next: 1}
	a.tftp[src] = t
	a.add(m, &Item{Time: at, Proto: Fetch, Src: src, Dst: dst, Transfer: t})
}

// makeRoom drops what is over where too much is under way, and tells whether
// there is room.
func makeRoom[K comparable, V any](all map[K]V, over func(V) bool) bool {
	if len(all) < maxTransfers {
		return true
	}
	for k, v := range all {
		if over(v) {
			delete(all, k)
		}
	}
	return len(all) < maxTransfers
}

// owner is the machine that sent a packet: by its address, else by its card's.
func (a *assembly) owner(addr netip.Addr, p packet) *Machine {
	if m := a.at(addr); m != nil {
		return m
	}
	if len(p.from) != 6 {
		return nil
	}
	m := a.machine(boot.MAC(p.from))
	if m != nil {
		a.has(m, addr)
	}
	return m
}

// tftpPacket takes in what follows a request. size is that on the wire.
func (a *assembly) tftpPacket(at time.Time, src, dst netip.AddrPort, b []byte, size int) {
	if len(b) < 4 {
		return
	}
	if t, ok := a.tftp[dst]; ok && t.Server.Addr() == src.Addr() {
		t.fromServer(at, b, size)
	} else if t, ok := a.tftp[src]; ok && t.Server.Addr() == dst.Addr() {
		t.fromClient(at, b)
	}
}

func (t *Transfer) fromServer(at time.Time, b []byte, size int) {
	t.Last, t.Answered = at, true
	switch binary.BigEndian.Uint16(b) {
	case opOptions:
		t.accept(b[2:])
	case opData:
		t.data(at, binary.BigEndian.Uint16(b[2:]), size-4)
	case opError:
		t.Refused = true
		t.Missing = binary.BigEndian.Uint16(b[2:]) == errNotFound
		t.Err = "the server says " + tftpError(b)
	}
}

func (t *Transfer) fromClient(at time.Time, b []byte) {
	t.Last = at
	if binary.BigEndian.Uint16(b) != opError || t.Done {
		return
	}
	if t.Blocks == 0 && t.Total > 0 {
		t.SizeOnly = true
		return
	}
	t.Err = "the machine broke off: " + tftpError(b)
}

func tftpError(b []byte) string {
	message, _, _ := bytes.Cut(b[4:], []byte{0})
	return fmt.Sprintf("%q (error %d)", message, binary.BigEndian.Uint16(b[2:]))
}

// accept reads the options that the server takes (RFC 2347).
func (t *Transfer) accept(b []byte) {
	words := strings.Split(string(b), "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		n, err := strconv.ParseInt(words[i+1], 10, 64)
		if err != nil || n < 0 {
			continue
		}
		switch strings.ToLower(words[i]) {
		case "blksize":
			t.BlockSize = int(min(max(n, 8), 65464))
		case "tsize":
			t.Total = n
		case "windowsize":
			t.Window = int(min(n, 65535))
		}
	}
}

// data takes in a block. Numbers start over behind 65,535; blocks that the capture
// has missed are counted as if they were in it.
func (t *Transfer) data(at time.Time, block uint16, size int) {
	ahead := int16(block - uint16(t.next))
	if ahead < 0 || t.Done {
		t.Retransmissions++
		t.Lacks = max(t.Lacks-int64(size), 0) // or it comes late
		return
	}
	t.Lacks += int64(ahead) * int64(t.BlockSize)
	if t.Blocks == 0 {
		t.First = at
	}
	t.Bytes += int64(ahead)*int64(t.BlockSize) + int64(size)
	t.Blocks += int(ahead) + 1
	t.next += uint64(ahead) + 1
	t.Done = size < t.BlockSize
}
