package nfs

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/spurboot/spur/block/share"
)

// conn is one connection. Its calls are carried out one after the other: what comes meanwhile
// waits in the kernel's buffers. Those that came together are replied to together.
type conn struct {
	*Server
	all     *shared
	nc      net.Conn
	peer    netip.AddrPort
	stop    <-chan struct{}
	taken   *share.Place // nil of a stranger, which has shown no handle and no path
	refused bool         // there was no place for it
	account *share.Account
	replies replies
	args    decoder   // of the call under way
	used    []*Export // by the call under way
	uses    uses
	ended   error // why it ended

	handleSpace [handleSize]byte // for what is sealed as a handle
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
	r := bufio.NewReaderSize(c.nc, callBuffer)
	over := time.Now().Add(c.all.bounds.StrangerTimeout)
	var record []byte
	for {
		record, c.ended = c.next(r, record, over)
		if c.ended != nil || !c.answer(record) {
			return
		}
	}
}

// callBuffer is how many bytes of calls are read at once.
const callBuffer = 8 << 10

// next reads the next call into record. Where it has to be waited for, what is done is sent
// before.
func (c *conn) next(r *bufio.Reader, record []byte, over time.Time) ([]byte, error) {
	whole := hasRecord(r)
	if !whole {
		if err := c.send(); err != nil {
			return record, err
		}
		c.setReadDeadline(over)
	}
	return readRecord(r, record, func() {
		c.uses.asked = time.Now()
		if !whole {
			_ = c.nc.SetReadDeadline(c.uses.asked.Add(c.all.bounds.CallTimeout))
		}
	})
}

func (c *conn) open() {
	c.account = c.all.memory.Open(share.PeerOf(c.nc.RemoteAddr()), mostWaiting+largest)
	c.account.Try(mostWaiting) // for the replies that wait: nobody else can have it
}

func (c *conn) close() {
	c.releaseExports() // of a call that panicked
	_ = c.send()       // the replies to the calls before
	c.release()
	c.account.Give(mostWaiting)
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

// answer replies to a call. ok is false where the connection is to end.
func (c *conn) answer(record []byte) (ok bool) {
	e := c.begin()
	ok = c.reply(record, e)
	c.releaseExports()
	if !ok || c.refused {
		c.ended = errors.New("it sent what is no call, or had no place")
		return false
	}
	c.ended = c.finish()
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
