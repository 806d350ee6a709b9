package iscsi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/handoff"
	"github.com/spurboot/spur/block/share"
)

// Server serves targets. Its fields don't change while it serves.
type Server struct {
	Targets Targets
	// DiscoveryAuth is what initiators need for a discovery; nil: nothing.
	DiscoveryAuth *Auth
	// Portal is the address that discoveries tell of, such as
	// 192.0.2.1:3260; empty: the one that the initiator came to.
	Portal string
	Hooks  Hooks
	Bounds Bounds
	// Shares, unless nil, are those that it has with other servers, in place of its own, of
	// Bounds.
	Shares *Shares

	once     sync.Once
	bounds   Bounds
	pool     buffers
	tasks    sync.Pool
	memory   *share.Memory
	places   *share.Places   // of sessions
	logins   *share.HalfOpen // under way
	ticks    atomic.Uint32   // of the keepalive
	watchdog handoff.Watchdog
	ctx      context.Context

	mu       sync.Mutex
	closing  bool
	sessions map[*session]struct{}
	lastTSIH uint16
	wg       sync.WaitGroup
}

func (srv *Server) init(ctx context.Context) {
	srv.once.Do(func() {
		shares := srv.Shares
		if shares == nil {
			shares = NewShares(srv.Bounds)
		}
		srv.bounds, srv.memory, srv.places, srv.logins = shares.bounds, shares.memory, &shares.places, &shares.logins
		srv.sessions = map[*session]struct{}{}
		srv.ctx = ctx
	})
}

// ListenAndServe serves a disk to everyone who can reach the TCP address, such as
// ":3260", which is the port of iSCSI, until ctx ends. The disk is LUN 0 of a target
// with that name, such as iqn.2026-11.com.example:disk1. A Server has more to set.
func ListenAndServe(ctx context.Context, address, target string, disk block.Device) error {
	t := &Target{Name: target, LUNs: map[uint64]*LUN{0: {Device: disk}}}
	if err := t.Check(); err != nil {
		return fmt.Errorf("iscsi: %w", err)
	}
	return (&Server{Targets: Static(t)}).ListenAndServe(ctx, address)
}

// ListenAndServe listens on the TCP address, such as ":3260", and serves until
// ctx ends, as Serve does.
func (srv *Server) ListenAndServe(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("iscsi: %w", err)
	}
	return srv.Serve(ctx, l)
}

// Serve accepts connections until the context ends; then it asks initiators to
// log out, waits for Bounds.Grace at most, and returns nil. It closes the
// listener. A Server serves once.
func (srv *Server) Serve(ctx context.Context, l net.Listener) error {
	srv.init(ctx)
	quit := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { srv.runKeepalive(quit) })
	watch.Go(func() { srv.watchdog.Run(quit) })
	err := share.Accept(ctx, l, srv.start)
	srv.shutdown()
	close(quit)
	watch.Wait()
	if err != nil {
		err = fmt.Errorf("iscsi: %w", err)
	}
	return err
}

// start begins a login. One too many takes the place of one that is under way,
// so that those who never finish keep nobody out.
func (srv *Server) start(nc net.Conn) {
	c := newConn(srv, nc)
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closing {
		nc.Close()
		return
	}
	srv.logins.Enter(nc)
	srv.wg.Add(1)
	go func() {
		defer srv.wg.Done()
		defer nc.Close()
		defer srv.logins.Leave(nc)
		srv.serve(c)
	}()
}

// serve is the life of a connection.
func (srv *Server) serve(c *conn) {
	l := srv.newLogin(c)
	defer func() {
		if l.release != nil {
			l.release()
		}
	}()
	c.unhook = context.AfterFunc(srv.ctx, func() { c.nc.Close() }) // while it hasn't logged in
	err := c.login(l)
	c.unhook()
	if c.s == nil {
		var target string
		if l.target != nil {
			target = l.target.Name
		}
		if hook := srv.Hooks.LoginRefused; hook != nil {
			hook(c.nc.RemoteAddr(), l.initiator, target, err)
		}
		return
	}
	if err == nil {
		err = c.serve()
	}
	s := c.s
	if !errors.Is(err, errLogout) {
		s.end(err) // error recovery level 0: the session goes with a connection
	}
	if s.quit(c) {
		srv.sessionOver(s, err)
	}
}

func (srv *Server) sessionOver(s *session, err error) {
	s.dispose()
	srv.giveUp(s)
	srv.mu.Lock()
	delete(srv.sessions, s)
	srv.mu.Unlock()
	if s.target != nil {
		s.target.leave(s)
	}
	close(s.gone)
	if errors.Is(err, errLogout) {
		err = nil
	}
	if hook := srv.Hooks.SessionEnd; hook != nil {
		hook(s.info, err)
	}
}

// giveUp ends what a session has of the server.
func (srv *Server) giveUp(s *session) {
	s.memory.Close()
	s.place.Leave()
}
