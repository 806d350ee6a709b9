package nbd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/share"
)

// A Server serves exports. Its fields are not changed once it serves.
type Server struct {
	Exports Exports
	// TLS offers NBD_OPT_STARTTLS with this configuration; nil is without.
	// Client certificates are what its ClientAuth and ClientCAs say.
	TLS *tls.Config
	// RequireTLS refuses every export on a connection in the clear.
	RequireTLS bool
	Hooks      Hooks
	Bounds     Bounds
	// Shares, unless nil, are those that it has with other servers, in place of its own, of
	// Bounds, which each Serve makes.
	Shares *Shares

	buffers pool
}

// Bounds limit what clients can take. A zero is the default in brackets.
type Bounds struct {
	// Connections at once [1024], that have chosen an export. One more ends the newest of
	// the address that has most of them, if that has more, or is refused.
	Connections int
	// PeerConnections are those of one address [half of Connections]. All of a
	// Unix socket count as one.
	PeerConnections int
	// Handshakes under way at once [64], beside those. One more ends the oldest of the
	// address that has most of them.
	Handshakes int
	// HandshakeTimeout is for the handshake as a whole [15 s].
	HandshakeTimeout time.Duration
	// InFlight is how many commands of one connection are carried out at the
	// same time [16].
	InFlight int
	// MaxPayload is the most data, in bytes, of one read or write [32 MiB], at
	// most 64 MiB; clients are told.
	MaxPayload int
	// Memory is the most, in bytes, that the commands and replies of one
	// connection hold at once [64 MiB], at least MaxPayload.
	Memory int
	// TotalMemory is the most, in bytes, that those of all connections hold at
	// once beside 64 KiB each [256 MiB], at least twice Memory. The connections
	// of one address hold as much of it as they leave for others.
	TotalMemory int
	// ReadTimeout is how long a client may take for a MiB of a write's data
	// [30 s].
	ReadTimeout time.Duration
	// WriteTimeout is how long a client may leave a MiB of replies lying, and
	// how long a command waits for memory [1 min].
	WriteTimeout time.Duration
	// Grace is how long commands under way may take when the server is told to
	// stop [5 s].
	Grace time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.Connections = cmp.Or(b.Connections, 1024)
	b.PeerConnections = cmp.Or(b.PeerConnections, share.Half(b.Connections))
	b.Handshakes = cmp.Or(b.Handshakes, 64)
	b.InFlight = cmp.Or(b.InFlight, 16)
	b.MaxPayload = min(cmp.Or(b.MaxPayload, 32<<20), 64<<20)
	b.Memory = max(cmp.Or(b.Memory, 64<<20), chargeFor(b.MaxPayload+sparseHeaders), 1<<20)
	b.TotalMemory = max(cmp.Or(b.TotalMemory, 256<<20), 2*b.Memory)
	b.HandshakeTimeout = cmp.Or(b.HandshakeTimeout, 15*time.Second)
	b.ReadTimeout = cmp.Or(b.ReadTimeout, 30*time.Second)
	b.WriteTimeout = cmp.Or(b.WriteTimeout, time.Minute)
	b.Grace = cmp.Or(b.Grace, 5*time.Second)
	return b
}

// ListenAndServe exports a disk to everyone who can reach the TCP address, such as
// ":10809", which is the port of NBD, until ctx ends. The export is the default
// one: its name is empty. A Server has more to set.
func ListenAndServe(ctx context.Context, address string, disk block.Device) error {
	return (&Server{Exports: Fixed{{Device: disk}}}).ListenAndServe(ctx, address)
}

// ListenAndServe listens on the TCP address, such as ":10809", and serves until
// ctx ends, as Serve does.
func (s *Server) ListenAndServe(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("nbd: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve accepts connections from l until ctx ends. Then it closes l, lets the
// commands under way end, for at most Bounds.Grace, and returns nil. It returns
// an error when l fails. In any case l is closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if s.RequireTLS && s.TLS == nil {
		l.Close()
		return errors.New("nbd server requires TLS but has no configuration for it: set TLS")
	}
	a := &admission{Shares: s.Shares}
	if a.Shares == nil {
		a.Shares = NewShares(s.Bounds)
	}
	over, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); a.watchdog.Run(over) }()
	defer func() { <-watched }()
	defer close(over)
	defer a.wg.Wait()
	defer stop()
	return share.Accept(ctx, l, func(nc net.Conn) {
		a.halfOpen.Enter(nc)
		a.wg.Go(func() {
			defer nc.Close()
			defer a.halfOpen.Leave(nc)
			s.serve(ctx, nc, a)
		})
	})
}

func (s *Server) refused(p *Peer, err error) {
	if s.Hooks.Refused != nil {
		s.Hooks.Refused(p, err)
	}
}

// errGaveWay is the end of a connection whose place another one has.
var errGaveWay = errors.New("another address, which has fewer connections, has its place")

// serve is one connection from beginning to end.
func (s *Server) serve(ctx context.Context, nc net.Conn, a *admission) {
	peer := &Peer{Addr: nc.RemoteAddr()}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	place := func() (*share.Place, error) {
		taken, err := a.places.Enter(share.PeerOf(peer.Addr), func() { end(errGaveWay) })
		if err != nil {
			err = fmt.Errorf("too many connections: %w", err)
			s.refused(peer, err)
		}
		return taken, err
	}
	h := &optionPhase{exports: s.Exports, peer: peer, needTLS: s.RequireTLS, canTLS: s.TLS != nil,
		maxPayload: a.bounds.MaxPayload, place: place}
	defer func() { h.taken.Leave() }()
	limited, cancel := context.WithTimeout(ctx, a.bounds.HandshakeTimeout)
	// Ends a read or write under way when the time is over or the server stops.
	unhook := context.AfterFunc(limited, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	agreed, in, err := s.handshake(limited, nc, h)
	if !unhook() && err == nil {
		err = h.abandon(limited.Err())
	}
	cancel()
	if !a.halfOpen.Leave(nc) && !errors.Is(err, errDone) { // the handshake is over
		err = h.crowdedOut(err)
	}
	if err != nil {
		if !errors.Is(err, errDone) {
			s.refused(peer, err)
		}
		return
	}
	defer h.chosen.release()
	c := newConn(s, agreed, in, h, a)
	if s.Hooks.Open != nil {
		s.Hooks.Open(c.session)
	}
	err = c.run(ctx)
	if s.Hooks.Close != nil {
		s.Hooks.Close(c.session, err)
	}
}
