package resolver

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// wire is a network inside the process, so that an HTTP server and its clients
// live by the clock of a test.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newWire() *wire {
	return &wire{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
		return ours, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve starts an API server on the wire. The returned function ends it and
// everything on the wire.
func (w *wire) serve(handler http.HandlerFunc) (client *http.Transport, end func()) {
	server := &http.Server{Handler: handler}
	var work sync.WaitGroup
	work.Go(func() { server.Serve(w) })
	client = &http.Transport{DialContext: w.dial}
	return client, func() {
		client.CloseIdleConnections()
		server.Close()
		work.Wait()
	}
}
