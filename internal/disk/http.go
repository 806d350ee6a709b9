package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"syscall"
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

// serveHTTP serves disks for reading.
func (c *Config) serveHTTP(ctx context.Context, disks []*Disk, v *voice) error {
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           c.paths(disks),
		ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, MaxHeaderBytes: mostHeader,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	if err := c.confine(disks, v); err != nil {
		return errors.Join(err, l.Close())
	}
	defer tellHTTP(server, v)()
	for i, d := range disks {
		at := url.URL{Scheme: "http", Host: reached(l), Path: "/" + title(c.Files[i])}
		v.ready(d, HTTP, at.String())
	}
	places := &limited{Listener: l, places: share.Places{Total: mostConns, PerPeer: share.Half(mostConns)},
		refused: func(from net.Addr, why error) { v.refused(from.String(), why) }}
	served := make(chan error, 1)
	go func() { served <- server.Serve(places) }()
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if server.Shutdown(wait) != nil {
		server.Close()
	}
	if err = <-served; errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// paths lead to disks by the names of their files, and nothing else does.
func (c *Config) paths(disks []*Disk) http.Handler {
	handlers := map[string]http.Handler{}
	for i, d := range disks {
		tag, modified := validators(d.Files)
		handlers["/"+title(c.Files[i])] = httpblock.Handler(d.Device, httpblock.HandlerOptions{ETag: tag, Modified: modified, WriteTimeout: writeWait, Served: countHTTP})
	}
	absent := c.absent()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := handlers[r.URL.Path]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		http.Error(w, absent, http.StatusNotFound)
	})
}

// mostPaths are how many paths are listed to who asked for another.
const mostPaths = 32

// absent says which paths there are.
func (c *Config) absent() string {
	text := "There is no disk at this path. Those that are served are at"
	for i, file := range c.Files {
		if i == mostPaths {
			return text + fmt.Sprintf("\nand %d more", len(c.Files)-i)
		}
		at := url.URL{Path: "/" + title(file)}
		text += "\n" + at.EscapedPath()
	}
	return text
}

// validators are by what clients know that a disk is as it was. Nobody writes
// to it while it is served.
func validators(files []string) (etag string, modified time.Time) {
	hash := sha256.New()
	for _, name := range files {
		st, err := os.Stat(name)
		if err != nil {
			return "", time.Time{}
		}
		var inode uint64
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			inode = sys.Ino
		}
		fmt.Fprintf(hash, "%d %d %d\n", inode, st.Size(), st.ModTime().UnixNano())
		if st.ModTime().After(modified) {
			modified = st.ModTime()
		}
	}
	return `"` + hex.EncodeToString(hash.Sum(nil)[:12]) + `"`, modified
}

// tallyKey is where a connection's tally is, in the context of its requests.
type tallyKey struct{}

// tellHTTP tells of each connection that asked for something, once it is over.
// What it returns tells of the others: a server that is shut down doesn't wait
// until it has been told that idle connections are closed.
func tellHTTP(server *http.Server, v *voice) (end func()) {
	var tallies sync.Map // net.Conn to *tally; as many as there are connections
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		t := newTally()
		tallies.Store(c, t)
		return context.WithValue(ctx, tallyKey{}, t)
	}
	over := func(c net.Conn) {
		t, ok := tallies.LoadAndDelete(c)
		if ok && t.(*tally).commands.Load() > 0 {
			v.over(c.RemoteAddr().String(), t.(*tally), nil)
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
