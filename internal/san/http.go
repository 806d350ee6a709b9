package san

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spurboot/spur/block/httpblock"
	"github.com/spurboot/spur/internal/httpd"
)

// httpStall is how long a client may leave 64 KiB of an answer lying.
const httpStall = time.Minute

// ServeHTTP serves exports for reading until the context ends.
func ServeHTTP(ctx context.Context, l net.Listener, e *Exports, log *Log) error {
	server := &httpd.Server{Handler: e.handler(log), Bounds: httpd.Bounds{StallTimeout: httpStall}, Hooks: httpHooks(log)}
	return server.Serve(ctx, l)
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
		options := httpblock.HandlerOptions{ETag: d.ETag, Modified: d.Modified, Served: countHTTP}
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

// sessionKey is where a connection's session is, in the context of its requests.
type sessionKey struct{}

// httpHooks tell of each connection that asked for something, once it is over.
func httpHooks(log *Log) httpd.ServerHooks {
	var sessions sync.Map // net.Conn to *session; as many as there are connections
	return httpd.ServerHooks{
		Opened: func(ctx context.Context, c net.Conn) context.Context {
			s := log.session(c.RemoteAddr().String())
			sessions.Store(c, s)
			return context.WithValue(ctx, sessionKey{}, s)
		},
		Closed: func(c net.Conn) {
			found, ok := sessions.LoadAndDelete(c)
			if ok && found.(*session).commands.Load() > 0 {
				found.(*session).ended(nil)
			}
		},
		Refused: func(peer netip.AddrPort) { log.refused(peer.String(), "its address has too many connections") },
	}
}

// countHTTP counts an answer. One that the client no longer wanted didn't fail.
func countHTTP(r *http.Request, bytes int64, err error) {
	if s, ok := r.Context().Value(sessionKey{}).(*session); ok {
		s.count(bytes, 0, err != nil && r.Context().Err() == nil)
	}
}
