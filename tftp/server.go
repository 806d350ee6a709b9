package tftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"
)

// Defaults of a Server and a Client.
const (
	DefaultTimeout       = time.Second
	DefaultRetries       = 5
	DefaultMaxTransfers  = 1024
	DefaultMaxWindowSize = 64
)

// A Server answers TFTP requests. Its fields must not be changed while it
// serves; the zero value of each but Read is useful.
type Server struct {
	// Read opens the file of a read request. Without it they are refused.
	Read ReadFunc
	// Write opens the destination of a write request. Without it write
	// requests are refused with ERROR 2.
	Write WriteFunc
	Hooks Hooks

	// MaxTransfers is how many transfers may run at a time; further requests
	// are answered with ERROR 0. DefaultMaxTransfers if 0. A transfer
	// takes 64 KiB, twice that while others read the same file, or a window, at
	// most 1 MiB, if its File is no io.ReaderAt.
	MaxTransfers int
	// MaxPeerTransfers is how many of them one address may have (of IPv6, one
	// network of 64 bits). A quarter of MaxTransfers if 0, since many machines
	// may share an address behind a NAT. Where no place is left, one whose
	// client has yet to acknowledge anything, or is silent, gives way.
	MaxPeerTransfers int
	// Timeout is the time to a retransmission, DefaultTimeout if 0. It doubles
	// with each that follows, up to 8 s; a client that negotiates the timeout
	// option sets it, and then it stays. Where a link is known to be quicker the
	// first retransmissions come sooner, after 0.2 s, 0.4 s and so on.
	Timeout time.Duration
	// Retries is how many retransmissions in a row, not counting the early
	// ones, go unanswered before the transfer is given up. DefaultRetries if 0.
	Retries int
	// SinglePort sends everything from the port that requests come in on,
	// for firewalls and NAT that let only that one pass.
	SinglePort bool
	// MaxBlockSize bounds the blksize option, in bytes; 65464 if 0.
	MaxBlockSize int
	// MaxWindowSize bounds the windowsize option, in blocks, at most 16384.
	// If 0, DefaultMaxWindowSize, or less for blocks larger than a frame: as
	// many as the receive buffer of a usual client takes. A window is never
	// more than 1 MiB.
	MaxWindowSize int
}

// ListenAndServe listens on the UDP address, such as ":69", and serves until
// ctx is done.
func (s *Server) ListenAndServe(ctx context.Context, address string) error {
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("tftp: %w", err)
	}
	return s.Serve(ctx, conn.(*net.UDPConn))
}

// Serve answers the requests that come in on conn until ctx is done or conn
// fails. Before it returns it ends all transfers and closes conn. The error
// is nil if ctx ended it.
func (s *Server) Serve(ctx context.Context, conn *net.UDPConn) error {
	defer conn.Close()
	l, err := newListener(conn)
	if err != nil {
		return fmt.Errorf("tftp: listen on %v: %w", conn.LocalAddr(), err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	d := &desk{server: s, listener: l, table: newTable(s.maxTransfers(), s.MaxPeerTransfers), shelf: newShelf()}
	var wake sync.WaitGroup
	wake.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer wake.Done()
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	})
	err = d.run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	cancel(ErrStopped)
	d.transfers.Wait()
	if stop() {
		wake.Done()
	}
	wake.Wait()
	return err
}

func (s *Server) maxTransfers() int {
	if s.MaxTransfers > 0 {
		return s.MaxTransfers
	}
	return DefaultMaxTransfers
}

func (s *Server) limits() limits {
	l := limits{blockSize: maxBlockSize}
	if s.MaxBlockSize > 0 {
		l.blockSize = min(max(s.MaxBlockSize, minBlockSize), maxBlockSize)
	}
	if s.MaxWindowSize > 0 {
		l.windowSize = min(s.MaxWindowSize, maxWindow)
	}
	return l
}

func newTimer(timeout time.Duration, retries int, negotiated time.Duration) timer {
	t := timer{first: DefaultTimeout, retries: DefaultRetries}
	if timeout > 0 {
		t.first = timeout
	}
	if retries > 0 {
		t.retries = retries
	}
	if negotiated > 0 {
		t.first, t.fixed = negotiated, true
	}
	return t
}

// A desk is a Server at work on one socket.
type desk struct {
	server    *Server
	listener  *listener
	table     *table
	transfers sync.WaitGroup
	shelf     *shelf
}

// run reads packets until the socket fails.
func (d *desk) run(ctx context.Context) error {
	buf := make([]byte, 1<<16)
	for {
		in, err := d.listener.read(buf)
		switch {
		case err == nil:
			d.handle(ctx, in)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return err
		default:
			// An ICMP error about an earlier answer, or a passing shortage of
			// buffers: nothing that concerns the next packet.
			if !errors.Is(err, errPassing) {
				return fmt.Errorf("tftp: %w", err)
			}
		}
	}
}

// handle judges one packet.
func (d *desk) handle(ctx context.Context, in incoming) {
	if len(in.packet) >= 2 {
		switch op := uint16(in.packet[0])<<8 | uint16(in.packet[1]); op {
		case opRead, opWrite:
			d.request(ctx, in)
			return
		case opData, opAck, opError, opOACK:
			d.stray(in, op)
			return
		}
	}
	d.malformed(in, errors.New("unknown opcode"))
}

func (d *desk) malformed(in incoming, err error) {
	if d.server.Hooks.Malformed != nil {
		d.server.Hooks.Malformed(in.remote, err)
	}
	d.listener.answer(in, &Error{CodeIllegalOperation, "illegal TFTP operation"})
}

// stray handles packets that belong to a transfer. With a single port they go
// to it; else, or if there is none, they have lost their way. An ERROR is
// never answered with one (RFC 1350 section 7).
func (d *desk) stray(in incoming, op uint16) {
	if d.server.SinglePort && d.table.deliver(in.remote, in.packet) {
		return
	}
	if op != opError {
		d.listener.answer(in, errTID)
	}
}

// request starts a transfer, or doesn't.
func (d *desk) request(ctx context.Context, in incoming) {
	r, err := ParseRequest(in.packet)
	if err != nil {
		d.malformed(in, err)
		return
	}
	r.Remote = in.remote
	r.Local, r.Interface = d.listener.asked(in)
	ctx, cancel := context.WithCancelCause(ctx)
	t := &transfer{desk: d, request: r, cancel: cancel, out: singlePort{output: d.listener.reply(in)}}
	switch entry, old := d.table.enter(t); entry {
	case isDuplicate:
		cancel(nil)
		old.opening.again()
	case isFull:
		cancel(nil)
		d.refuse(t, errBusy, errors.New("as many transfers as allowed are running"))
	case isGreedy:
		cancel(nil)
		d.refuse(t, errShare, errors.New("the client's address has as many transfers as one may have"))
	case isNew:
		d.transfers.Add(1)
		go func() {
			defer d.transfers.Done()
			defer cancel(nil)
			defer d.table.leave(t)
			defer d.survive(t)
			t.run(ctx)
		}()
	}
}

// survive ends a transfer that panicked, so that it takes no other with it.
func (d *desk) survive(t *transfer) {
	value := recover()
	if value == nil {
		return
	}
	stack := debug.Stack()
	t.out.error(&Error{CodeUndefined, "internal error"})
	if d.server.Hooks.Panicked != nil {
		d.server.Hooks.Panicked(t.request, value, stack)
	}
}

func (d *desk) refuse(t *transfer, answer *Error, err error) {
	t.out.error(answer)
	if d.server.Hooks.Refused != nil {
		d.server.Hooks.Refused(t.request, answer, err)
	}
}
