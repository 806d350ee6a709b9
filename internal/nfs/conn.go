package nfs

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spurboot/spur/block/share"
)

// conn is one connection. Its calls are carried out one after the other: what comes meanwhile
// waits in the kernel's buffers.
type conn struct {
	*Server
	all     *shared
	nc      net.Conn
	peer    netip.AddrPort
	stop    <-chan struct{}
	taken   *share.Place // nil of a stranger, which has shown no handle and no path
	refused bool         // there was no place for it
	account *share.Account
	held    int
	small   []byte    // for replies without much data
	used    []*Export // by the call under way
	uses    uses
	ended   error // why it ended
}

func newConn(s *Server, nc net.Conn, all *shared, stop <-chan struct{}) *conn {
	return &conn{Server: s, all: all, nc: nc, peer: addrOf(nc), stop: stop}
}

func addrOf(nc net.Conn) netip.AddrPort {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// serve serves until the client goes, breaks the protocol or takes too long.
func (c *conn) serve() {
	c.open()
	defer c.close()
	defer func() {
		if value := recover(); value != nil && c.Hooks.Panicked != nil {
			c.ended = errors.New("a fault of the server's")
			c.Hooks.Panicked(c.peer, value, debug.Stack())
		}
	}()
	r := bufio.NewReader(c.nc)
	over := time.Now().Add(c.all.bounds.StrangerTimeout)
	var record []byte
	for {
		c.setReadDeadline(over)
		record, c.ended = readRecord(r, record, func() {
			c.uses.asked = time.Now()
			_ = c.nc.SetReadDeadline(c.uses.asked.Add(c.all.bounds.CallTimeout))
		})
		if c.ended != nil || !c.answer(record) {
			return
		}
	}
}

func (c *conn) open() {
	c.account = c.all.memory.Open(share.PeerOf(c.nc.RemoteAddr()), 2*mostRead)
}

func (c *conn) close() {
	c.releaseExports() // of a call that panicked
	c.account.Give(c.held)
	c.account.Close()
	c.taken.Leave()
	c.uses.tell(c.Hooks.Left, c.peer, c.ended)
}

// setReadDeadline limits the wait for the next call. over is when a stranger has to go.
func (c *conn) setReadDeadline(over time.Time) {
	if c.taken != nil {
		over = time.Now().Add(c.all.bounds.IdleTimeout)
	}
	_ = c.nc.SetReadDeadline(over)
}

// known ends that a connection is a stranger's, if there is a place for it.
func (c *conn) known() {
	if c.taken != nil || c.refused {
		return
	}
	place, err := c.all.places.Enter(share.PeerOf(c.nc.RemoteAddr()), func() { c.nc.Close() })
	if err != nil {
		c.refused = true
		if c.Hooks.Refused != nil {
			c.Hooks.Refused(c.peer, "", fmt.Errorf("too many connections: %w", err))
		}
		return
	}
	c.taken = place
	c.all.strangers.Leave(c.nc)
}

// Sizes of buffers for replies, with what is around the data: a connection keeps a small one,
// and takes a large one for the time of a read.
const (
	around     = 4 << 10
	smallReply = mostFolder + around
	largeReply = mostRead + around
)

// reserve makes room for n bytes of data.
func (c *conn) reserve(e *encoder, n int) {
	if n <= mostFolder {
		e.b = slices.Grow(e.b, n+around)
		return
	}
	large, ok := c.all.buffers.Get().(*[]byte)
	if !ok {
		b := make([]byte, 0, largeReply)
		large = &b
	}
	e.b = append((*large)[:0], e.b...)
}

// answer replies to a call. ok is false where the connection is to end.
func (c *conn) answer(record []byte) (ok bool) {
	e := &encoder{append(c.small[:0], 0, 0, 0, 0)}
	ok = c.reply(record, e)
	c.releaseExports()
	if !ok || c.refused {
		c.ended = errors.New("it sent what is no call, or had no place")
		return false
	}
	binary.BigEndian.PutUint32(e.b, uint32(len(e.b)-4)|lastFragment)
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.all.bounds.ReplyTimeout))
	_, c.ended = c.nc.Write(e.b)
	c.release(e.b)
	return c.ended == nil
}

// releaseExports tells that a call is over, but for sending its reply.
func (c *conn) releaseExports() {
	for _, x := range c.used {
		if x.Release != nil {
			x.Release()
		}
	}
	c.used = c.used[:0]
}

// hold takes memory for n bytes of data.
func (c *conn) hold(n int) bool {
	if c.account.Take(n, memoryWait, c.stop) != nil {
		return false
	}
	c.held += n
	return true
}

// release gives memory back, and keeps what was in use for the next replies.
func (c *conn) release(b []byte) {
	c.account.Give(c.held)
	c.held = 0
	switch {
	case cap(b) <= 2*smallReply:
		c.small = b
	case cap(b) == largeReply:
		c.all.buffers.Put(&b)
	}
}
