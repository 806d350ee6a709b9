package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

// Bounds of a [Server]. Zero values are replaced by those of [DefaultBounds].
type Bounds struct {
	Conns            int           // connections at one time; more wait in the backlog
	PeerConns        int           // connections of one address; more are answered by 503
	HeaderBytes      int           // of a request's header
	HandshakeTimeout time.Duration // of TLS, before the time for the first header begins
	HeaderTimeout    time.Duration // for a request's header to arrive
	IdleTimeout      time.Duration // for the next request on a connection
	StallTimeout     time.Duration // in which a peer must take 64 KiB of an answer
	Grace            time.Duration // for running transfers when the server stops
}

// DefaultBounds suit a room full of machines: a loader has one or two
// connections, an installer a few.
func DefaultBounds() Bounds {
	return Bounds{
		Conns:            1024,
		PeerConns:        512,
		HeaderBytes:      16 << 10,
		HandshakeTimeout: 15 * time.Second,
		HeaderTimeout:    10 * time.Second,
		IdleTimeout:      60 * time.Second,
		StallTimeout:     30 * time.Second,
		Grace:            5 * time.Second,
	}
}

// ServerHooks tell what happens on connections rather than in transfers. They
// must not block. Any may be nil.
type ServerHooks struct {
	// Opened: a connection is there. The context that is returned is that of its
	// requests. Closed: it is over; Serve doesn't return before it was told so.
	Opened    func(ctx context.Context, nc net.Conn) context.Context
	Closed    func(nc net.Conn)
	Refused   func(peer netip.AddrPort) // a peer had [Bounds.PeerConns] already
	Malformed func(peer netip.AddrPort) // bytes came that never became a request
	Handshake func(h Handshake)         // of TLS, failed
	Log       func(line string)         // what net/http has to say
	// Panicked: a handler panicked. The connection of r is cut, others go on.
	// Without it Log is told.
	Panicked func(r *http.Request, value any, stack []byte)
}

// Server is an [http.Server] that no peer can fill or hold up.
type Server struct {
	Handler http.Handler
	Bounds  Bounds
	Hooks   ServerHooks
	// TLS has it speak HTTPS. A connection in its handshake counts like one
	// without a request. nil is plain HTTP.
	TLS *tls.Config
	// TLSHost is how clients are told to call the server at an address, to say
	// what is wrong with a certificate; nil for the address.
	TLSHost func(netip.Addr) string
}

// Serve answers on ln until ctx ends, then lets running transfers go on for
// [Bounds.Grace], cuts the rest, and returns nil once their handlers have
// returned. It closes ln. An error means that ln failed.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	bounds := s.Bounds.orDefault()
	l := newListener(ln, bounds, s.Hooks)
	// Requests outlive ctx by the time of grace, and no longer.
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running sync.WaitGroup
	srv := s.build(base, bounds, &running)
	var on net.Listener = l
	if s.TLS != nil {
		on = s.newSecureListener(l, bounds)
	}

	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(on) }()
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve HTTP on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
		l.Close()
		l.closeUnused() // net/http would wait for the first request of a new one
		stop(srv, bounds.Grace)
		<-failed //nolint:errcheck // ended as asked: http.ErrServerClosed
	}
	cut()
	srv.Close()
	l.Close()
	l.wait()
	running.Wait()
	return err
}

// stop waits for running requests, at most for the time of grace.
func stop(srv *http.Server, grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		srv.Close()
	}
}

func (s *Server) build(base context.Context, b Bounds, running *sync.WaitGroup) *http.Server {
	return &http.Server{
		Handler:           s.track(running),
		ReadHeaderTimeout: b.HeaderTimeout,
		IdleTimeout:       b.IdleTimeout,
		MaxHeaderBytes:    b.HeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       s.withConn,
		ConnState:         s.connState,
		ErrorLog:          log.New(lineWriter(s.Hooks.Log), "", 0),
	}
}

type connKey struct{}

func (s *Server) withConn(ctx context.Context, nc net.Conn) context.Context {
	c := connBelow(nc)
	if s.Hooks.Opened != nil {
		ctx = s.Hooks.Opened(ctx, c)
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is the connection of a request, nil where another server took it.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// track notes that a request reached the handler, and when it has left it.
func (s *Server) track(running *sync.WaitGroup) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		if c := connOf(r); c != nil {
			c.pending.Store(false)
			if c.refused {
				turnAway(w)
				return
			}
			c.busy.Store(true)
		}
		defer s.survive(r)
		s.Handler.ServeHTTP(w, r)
	})
}

// turnAway answers on a connection that its peer has too many of.
func turnAway(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "5")
	http.Error(w, "spur: your address has too many connections; try again", http.StatusServiceUnavailable)
}

// survive reports a handler that panicked and cuts its connection. Cutting it
// is also what http.ErrAbortHandler asks for, which is no fault.
func (s *Server) survive(r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if err, _ := value.(error); errors.Is(err, http.ErrAbortHandler) || s.Hooks.Panicked == nil {
		panic(value) // net/http cuts the connection, and logs all but the first
	}
	s.Hooks.Panicked(r, value, debug.Stack())
	panic(http.ErrAbortHandler)
}

// connState notes when a connection has no request, and finds what never became
// one: net/http answers that by itself, with 400, 408 or 431, or not at all.
func (s *Server) connState(nc net.Conn, state http.ConnState) {
	c := connBelow(nc)
	switch state {
	case http.StateActive:
		c.pending.Store(true)
	case http.StateIdle: // the answer is out
		c.busy.Store(false)
		c.wake()
	case http.StateClosed:
		if c.pending.Load() && s.Hooks.Malformed != nil {
			s.Hooks.Malformed(peerOf(c))
		}
	}
}

// lineWriter makes a log of a hook.
type lineWriter func(line string)

func (f lineWriter) Write(p []byte) (int, error) {
	if f != nil {
		f(string(trimNewline(p)))
	}
	return len(p), nil
}

func trimNewline(p []byte) []byte {
	if n := len(p); n > 0 && p[n-1] == '\n' {
		return p[:n-1]
	}
	return p
}

func (b Bounds) orDefault() Bounds {
	d := DefaultBounds()
	orInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	orTime := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	orInt(&b.Conns, d.Conns)
	orInt(&b.PeerConns, max(1, b.Conns/2))
	orInt(&b.HeaderBytes, d.HeaderBytes)
	orTime(&b.HandshakeTimeout, d.HandshakeTimeout)
	orTime(&b.HeaderTimeout, d.HeaderTimeout)
	orTime(&b.IdleTimeout, d.IdleTimeout)
	orTime(&b.StallTimeout, d.StallTimeout)
	orTime(&b.Grace, d.Grace)
	return b
}
