package nbd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// mute is a connection whose input is given and whose output is nobody's.
type mute struct {
	io.Reader
	net.Conn
}

func (m mute) Read(b []byte) (int, error)     { return m.Reader.Read(b) }
func (mute) Write(b []byte) (int, error)      { return len(b), nil }
func (mute) Close() error                     { return nil }
func (mute) SetDeadline(time.Time) error      { return nil }
func (mute) SetReadDeadline(time.Time) error  { return nil }
func (mute) SetWriteDeadline(time.Time) error { return nil }
func (mute) RemoteAddr() net.Addr             { return &net.UnixAddr{} }

// FuzzServer gives a server a whole connection: handshake and commands.
func FuzzServer(f *testing.F) {
	for _, m := range []mode{simple, structured, extended} {
		b := into(m)
		for c := range uint16(9) {
			r := request{command: c, cookie: uint64(c), length: 512, flags: c & 1}
			b = r.append(b, m)
			if c == cmdWrite {
				b = append(b, make([]byte, 512)...)
			}
		}
		f.Add(b)
	}
	for _, o := range []uint32{optAbort, optList, optStartTLS, optInfo, optListMeta} {
		f.Add(appendOption(bytes.Clone(newstyle), o, infoRequest{"", []uint16{infoName}}.bytes()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}}
		bounds := Bounds{InFlight: 2, MaxPayload: 64 << 10, Memory: 1 << 20}.withDefaults()
		a := &admission{Shares: NewShares(bounds)}
		s.serve(context.Background(), mute{Reader: bytes.NewReader(b)}, a)
		if left := a.memory.Left(); left != bounds.TotalMemory {
			t.Fatalf("%d bytes are still held at the end", bounds.TotalMemory-left)
		}
	})
}

// FuzzNegotiate gives a client a server's handshake.
func FuzzNegotiate(f *testing.F) {
	hello := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, magicInit), magicOption)
	hello = binary.BigEndian.AppendUint16(hello, flagFixedNewstyle|flagNoZeroes)
	whole := appendOptionReply(bytes.Clone(hello), optExtendedHeaders, repAck, nil)
	h := &optionPhase{exports: Fixed{{Device: newMemory(1 << 20)}}, peer: &Peer{}, maxPayload: 1 << 20, place: anyPlace, mode: extended}
	whole, _, _ = h.option(context.Background(), whole, optSetMeta, metaRequest{"", []string{baseAllocation}}.bytes())
	whole, _, _ = h.option(context.Background(), whole, optGo, infoRequest{}.bytes())
	f.Add(whole)
	f.Add(append(hello[:16:16], make([]byte, 140)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := begin(context.Background(), mute{Reader: bytes.NewReader(b)}, Options{})
		if err != nil || n.open() != nil {
			return
		}
		if x := n.terms; x.size < 0 || x.maxPayload <= 0 || x.maxPayload%x.minBlock != 0 {
			t.Errorf("agreed on %+v", x)
		}
	})
}

// FuzzReplies gives a client with a read, a block status and a flush on their
// way the bytes of a server.
func FuzzReplies(f *testing.F) {
	read := request{command: cmdRead, cookie: 1 << 16, offset: 512, length: 4096}
	status := request{command: cmdBlockStatus, cookie: 1<<16 + 1, length: 8192}
	for _, m := range []mode{simple, structured, extended} {
		b := read.appendData(nil, m, 0, 512, 2048)
		b = append(b, make([]byte, 2048)...)
		b = read.appendHole(b, m, chunkDone, 2560, 2048)
		b = status.appendStatus(b, m, []descriptor{{4096, 0}, {4096, 3}})
		b = (&request{command: cmdFlush, cookie: 1<<16 + 2}).appendDone(b, m, errIO)
		f.Add(b, uint8(m))
	}
	f.Fuzz(func(t *testing.T, b []byte, m uint8) {
		nc := mute{Reader: bytes.NewReader(b)}
		c := newClient(&negotiation{nc: nc, in: bufio.NewReaderSize(nc, inputBuffer), options: Options{InFlight: 3},
			terms: terms{mode: mode(m % 3), meta: true, metaID: allocationID, maxPayload: 1 << 20, minBlock: 1}})
		for i, r := range []request{read, status, {command: cmdFlush, cookie: 1<<16 + 2}} {
			k := &c.calls[i]
			k.req, k.pending = r, true
			if r.command == cmdRead {
				k.p = make([]byte, r.length)
			}
		}
		c.receive()
		for i := range c.calls {
			k := &c.calls[i]
			select {
			case <-k.done:
			default:
				t.Errorf("%s was not ended", commandName(k.req.command))
			}
			if k.err == nil && k.got > k.req.length {
				t.Errorf("%d bytes of %d", k.got, k.req.length)
			}
		}
	})
}
