package san

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spurboot/spur/block/httpblock"
	"github.com/spurboot/spur/block/share"
)

// Bounds of the HTTP server.
const (
	headerWait = 10 * time.Second
	idleWait   = 2 * time.Minute
	writeWait  = time.Minute // for 32 KiB
	grace      = 5 * time.Second
	mostConns  = 1024     // half of them from one address
	mostHeader = 16 << 10 // bytes
)

// ServeHTTP serves exports for reading until the context ends.
func ServeHTTP(ctx context.Context, l net.Listener, e *Exports, log *Log) error {
	server := &http.Server{
		Handler:           e.handler(log),
		ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, MaxHeaderBytes: mostHeader,
		ErrorLog: stdlog.New(io.Discard, "", 0),
	}
	defer tellHTTP(server, log)()
	places := &limited{Listener: l, places: share.Places{Total: mostConns, PerPeer: share.Half(mostConns)},
		refused: func(from net.Addr, why error) { log.refused(from.String(), why.Error()) }}
	served := make(chan error, 1)
	go func() { served <- server.Serve(places) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if server.Shutdown(wait) != nil {
		server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler leads to volumes by their names, and nothing else does. A disk is open
// for as long as an answer is sent.
func (e *Exports) handler(log *Log) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		v, ok := e.find(name)
		if !ok || name == "" {
			http.Error(w, e.absent(), http.StatusNotFound)
			return
		}
		d, err := v.Open(r.Context())
		if err != nil {
			http.Error(w, log.notOpened(r.RemoteAddr, v.Name, err).Error(), http.StatusServiceUnavailable)
			return
		}
		defer d.Release()
		options := httpblock.HandlerOptions{ETag: d.ETag, Modified: d.Modified, WriteTimeout: writeWait, Served: countHTTP}
		httpblock.Handler(d.Device, options).ServeHTTP(w, r)
	})
}

// mostPaths are how many paths are listed to who asked for another.
const mostPaths = 32

// absent says which paths there are.
func (e *Exports) absent() string {
	text := "There is no disk at this path. Those that are served are at"
	volumes, more := e.all(mostPaths)
	for _, v := range volumes {
		at := url.URL{Path: "/" + v.Name}
		text += "\n" + at.EscapedPath()
	}
	if more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// tallyKey is where a connection's tally is, in the context of its requests.
type tallyKey struct{}

// tellHTTP tells of each connection that asked for something, once it is over.
// What it returns tells of the others: a server that is shut down doesn't wait
// until it has been told that idle connections are closed.
func tellHTTP(server *http.Server, log *Log) (end func()) {
	var tallies sync.Map // net.Conn to *tally; as many as there are connections
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		t := newTally()
		tallies.Store(c, t)
		return context.WithValue(ctx, tallyKey{}, t)
	}
	over := func(c net.Conn) {
		t, ok := tallies.LoadAndDelete(c)
		if ok && t.(*tally).commands.Load() > 0 {
			log.ended(c.RemoteAddr().String(), t.(*tally), nil)
		}
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			over(c)
		}
	}
	return func() {
		tallies.Range(func(c, _ any) bool {
			over(c.(net.Conn))
			return true
		})
	}
}

// countHTTP counts an answer. One that the client no longer wanted didn't fail.
func countHTTP(r *http.Request, bytes int64, err error) {
	t, ok := r.Context().Value(tallyKey{}).(*tally)
	if !ok {
		return
	}
	t.commands.Add(1)
	t.read.Add(bytes)
	if err != nil && r.Context().Err() == nil {
		t.failed.Add(1)
	}
}
