package tftp

import (
	"cmp"
	"context"
	"fmt"
	"net"
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
	// takes 64 KiB of memory, twice that while others read the same file, or a
	// window, at most 1 MiB, if its File is no io.ReaderAt.
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
	d := &dispatcher{server: s, listener: l, transfers: newTransferTable(cmp.Or(max(s.MaxTransfers, 0), DefaultMaxTransfers), s.MaxPeerTransfers), cache: newBlockCache()}
	woken := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(woken)
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // fails where conn is closed already
	})
	err = d.run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	cancel(ErrStopped)
	d.running.Wait()
	<-woken
	return err
}

func (s *Server) limits() limits {
	return limits{
		blockSize:  max(minBlockSize, min(cmp.Or(max(s.MaxBlockSize, 0), maxBlockSize), maxBlockSize)),
		windowSize: max(0, min(s.MaxWindowSize, maxWindow)),
	}
}
