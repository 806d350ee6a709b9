package daemon

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// files serves the tree over TFTP and HTTP, and tells the timeline what is
// fetched.
type files struct {
	tree     *tree.Tree
	events   *timeline.Timeline
	clients  *decide.Clients // whose address is which
	booted   func(boot.MAC)  // a machine runs what it was given
	progress progressLimit
}

// httpServer serves the tree over HTTP or HTTPS.
func (f *files) httpServer(v *notices, via route.Via) *httpd.Server {
	open := func(ctx context.Context, r *http.Request, name string) (fs.File, error) {
		return f.openHTTP(ctx, r, name, via)
	}
	return &httpd.Server{
		Handler: &httpd.Handler{Open: open, Hooks: f.httpHooks(v, via), Pace: func(t *httpd.Transfer) int64 { return f.pace(t, via) }},
		Hooks: httpd.ServerHooks{
			Malformed: v.malformedHTTP, Log: v.httpLog, Handshake: f.handshakeFailed,
			Panicked: func(r *http.Request, value any, stack []byte) {
				v.panicked("HTTP request of "+r.RemoteAddr, value, stack)
			},
		},
	}
}

// tftpServer serves the tree over TFTP.
func (f *files) tftpServer(v *notices) *tftp.Server {
	hooks := f.tftpHooks()
	hooks.Malformed = v.malformedTFTP
	hooks.Panicked = func(r *tftp.Request, value any, stack []byte) {
		v.panicked("TFTP request of "+r.Remote.String(), value, stack)
	}
	return &tftp.Server{Read: f.openTFTP, Hooks: hooks}
}

// openHTTP is the HTTP server's way into the tree.
func (f *files) openHTTP(ctx context.Context, r *http.Request, name string, via route.Via) (fs.File, error) {
	server := httpd.Local(r).Addr()
	if c, ok := tree.ClientFromQuery(r.URL.Query()); ok && name == route.IPXEScript && f.tree.AskAtRoot {
		c.Server = server
		c.Sender, _ = neighbour(httpd.Remote(r).Addr())
		f.events.Observe(timeline.Event{Kind: timeline.Asked, MAC: c.MAC, Client: c, Peer: httpd.Remote(r).Addr()})
	}
	f.tree.NoteBoot(name, httpd.Remote(r).Addr())
	f.noteMemory(r, name, via)
	asker := tree.Asker{Via: via, Server: server, Query: r.URL.Query(), Raw: r.URL.RawQuery, Peer: httpd.Remote(r).Addr()}
	_, asker.Password, asker.HasPassword = r.BasicAuth()
	file, err := f.tree.Open(ctx, name, asker)
	return f.sized(file, err, via, name, httpd.Remote(r), httpd.Local(r))
}

// noteMemory tells the timeline how much memory a machine has that says so while it asks
// for its kernel.
func (f *files) noteMemory(r *http.Request, name string, via route.Via) {
	bytes := identify.Memory(r.URL.Query())
	if bytes == 0 {
		return
	}
	peer := httpd.Remote(r).Addr()
	if entry, ok := f.tree.Describe(name, peer); ok && entry.Client.MAC != (boot.MAC{}) {
		f.events.Observe(timeline.Event{Kind: timeline.Memory, MAC: entry.Client.MAC, Proto: string(via), Bytes: bytes, Peer: peer})
	}
}

// openTFTP is the TFTP server's way into the tree.
func (f *files) openTFTP(ctx context.Context, r *tftp.Request) (tftp.File, error) {
	file, err := f.tree.Open(ctx, r.Filename, tree.Asker{Via: route.TFTP, Server: r.Local.Addr(), Peer: r.Remote.Addr()})
	return f.sized(file, err, route.TFTP, r.Filename, r.Remote, r.Local)
}

// sized has a machine wait until the size of a file is known. iPXE takes time by
// the square of the size for one that comes without; TFTP clients ask for it.
func (f *files) sized(file fs.File, err error, via route.Via, path string, peer, server netip.AddrPort) (fs.File, error) {
	coming, ok := file.(interface{ WaitSize(func(int64)) error })
	if err != nil || !ok {
		return file, err
	}
	e, known := f.event(timeline.Awaited, via, path, peer, server)
	err = coming.WaitSize(func(bytes int64) {
		if known && f.progress.due(file) {
			e.Bytes = bytes
			f.observe(e)
		}
	})
	f.progress.forget(file)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// event is an event of a transfer; last: with this file the machine has all it
// needs; optional: it does without it where it isn't there.
type event struct {
	timeline.Event
	last, optional bool
}

// script notes what a file does to the boot, if it is a script.
func (e *event) script(file any) {
	e.last = e.last || tree.Last(file)
	e.Waits, e.Leaves = tree.IsMenu(file), tree.Leaves(file)
}

// refused notes that nothing of the file was sent, for a reason of ours.
func (e *event) refused(why timeline.Refusal) {
	e.Refusal = why
	e.Spare = e.Spare || e.optional && why == timeline.NoSuchFile
}

// event describes a transfer of the file at path; ok is false where nobody
// knows whose it is.
func (f *files) event(kind timeline.Kind, via route.Via, path string, peer, server netip.AddrPort) (event, bool) {
	entry, _ := f.tree.Describe(path, peer.Addr())
	mac, known := entry.Client.MAC, entry.Client.MAC != boot.MAC{}
	if !known {
		mac, known = f.machine(peer.Addr())
	}
	return event{timeline.Event{
		Kind: kind, MAC: mac, Proto: string(via), Role: timeline.Role(entry.Role), Name: entry.Name, Loader: entry.Loader, Spare: entry.Spare,
		More: entry.Role == route.Kernel && !entry.Last,
		Peer: peer.Addr(), Server: server.Addr(),
	}, entry.Last, entry.Optional}, known
}

// machine says whose address that is: of a client that was seen taking it, also
// behind a relay, or of a machine on our own wire.
func (f *files) machine(addr netip.Addr) (boot.MAC, bool) {
	if c, ok := f.clients.At(addr); ok {
		return c.MAC, true
	}
	return neighbour(addr)
}

// httpHooks connects an HTTP server to the timeline. A file that isn't sent for want of the
// right password is no transfer: a person has mistyped, and the machine goes on.
func (f *files) httpHooks(v *notices, via route.Via) httpd.Hooks {
	tell := func(kind timeline.Kind, t *httpd.Transfer, bytes int64, err error) {
		if t.Method == http.MethodHead || isLocked(t.Refused) {
			return
		}
		e, ok := f.event(kind, via, t.Name, t.Remote, t.Local)
		if ok && !f.troubled(e, t.File) {
			e.script(t.File)
			e.Total, e.Bytes = max(t.Size, 0), bytes
			if err != nil {
				e.Err = webText(t.File != nil, err)
			}
			e.refused(webRefusal(t.File != nil, err))
			f.observe(e)
		}
	}
	return httpd.Hooks{
		Start: func(t *httpd.Transfer) { tell(timeline.FetchStart, t, 0, nil) },
		Progress: func(t *httpd.Transfer, bytes int64) {
			if f.progress.due(t) {
				tell(timeline.FetchProgress, t, bytes, nil)
			}
		},
		End: func(t *httpd.Transfer, s httpd.Stats, err error) {
			f.progress.forget(t)
			if isLocked(t.Refused) {
				entry, _ := f.tree.Describe(t.Name, t.Remote.Addr())
				v.passwordRefused(entry.Client.MAC, t.Remote.Addr(), via, t.Refused)
			}
			if err != nil {
				tell(timeline.FetchFailed, t, s.Bytes, err)
				return
			}
			tell(timeline.FetchEnd, t, s.Bytes, nil)
		},
	}
}

// tftpHooks connects the TFTP server to the timeline, and notes boots: whoever
// acknowledges a block has got the one before, so that its address is its own.
func (f *files) tftpHooks() tftp.Hooks {
	tell := func(kind timeline.Kind, r *tftp.Request, file tftp.File, bytes, total int64, err string, refused timeline.Refusal) {
		e, ok := f.event(kind, route.TFTP, r.Filename, r.Remote, r.Local)
		if ok && !f.troubled(e, file) {
			e.script(file)
			e.Total, e.Bytes, e.Err = max(total, 0), bytes, err
			e.refused(refused)
			f.observe(e)
		}
	}
	return tftp.Hooks{
		Start: func(t *tftp.Transfer) { tell(timeline.FetchStart, t.Request, t.File, 0, t.Size, "", "") },
		Progress: func(t *tftp.Transfer, bytes int64) {
			if f.progress.due(t) {
				f.tree.NoteBoot(t.Filename, t.Remote.Addr())
				tell(timeline.FetchProgress, t.Request, t.File, bytes, t.Size, "", "")
			}
		},
		End: func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) {
			f.progress.forget(t)
			if s.Bytes > 0 && !s.Unconfirmed {
				f.tree.NoteBoot(t.Filename, t.Remote.Addr())
			}
			switch reason {
			case tftp.Completed:
				tell(timeline.FetchEnd, t.Request, t.File, s.Bytes, t.Size, "", "")
			case tftp.SizeProbe:
				tell(timeline.SizeAsked, t.Request, t.File, 0, t.Size, "", "")
			case tftp.Failed:
				tell(timeline.FetchFailed, t.Request, t.File, s.Bytes, t.Size, reasonText(reason, err), refusal(err))
			default:
				tell(timeline.FetchFailed, t.Request, t.File, s.Bytes, t.Size, reasonText(reason, err), "")
			}
		},
		Refused: func(r *tftp.Request, answer *tftp.Error, err error) {
			tell(timeline.FetchFailed, r, nil, 0, 0, reasonText(tftp.Failed, err), refusal(err))
		},
	}
}

// troubled tells of a script that boots nothing, which is no file among others.
func (f *files) troubled(e event, file any) bool {
	why := tree.Trouble(file)
	if why != nil && (e.Kind == timeline.FetchEnd || e.Kind == timeline.FetchFailed) {
		f.events.Observe(answer.Silence(boot.Client{MAC: e.MAC}, e.Name, why))
	}
	return why != nil
}

// webText says in the story's words how a transfer over HTTP ended. Of a file that was opened
// the error begins with the address and the name by which it was asked for, which the story has
// in words, and which of a boot is sealed.
func webText(opened bool, err error) string {
	for _, why := range []error{httpd.ErrPeerGone, httpd.ErrStalled} {
		if errors.Is(err, why) {
			return why.Error()
		}
	}
	if inner := errors.Unwrap(err); opened && inner != nil {
		err = inner
	}
	return err.Error()
}

// webRefusal says of how a transfer over HTTP ended what the machine could not have: a file
// that wasn't opened, or that failed while it was sent, for which neither the machine nor
// the network can do anything.
func webRefusal(opened bool, err error) timeline.Refusal {
	switch {
	case errors.Is(err, httpd.ErrPeerGone), errors.Is(err, httpd.ErrStalled):
		return ""
	case opened && !errors.Is(err, io.ErrUnexpectedEOF):
		return "" // a connection fails in many words
	}
	return refusal(err)
}

// refusal says of an error of a file what the machine could not have.
func refusal(err error) timeline.Refusal {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return timeline.NoSuchFile
	}
	return timeline.Refused
}

// reasonText says in the story's words why a transfer ended.
func reasonText(reason tftp.Reason, err error) string {
	if err != nil {
		return err.Error()
	}
	return reason.String()
}

// observe hands an event of a transfer to the timeline. What was fetched may
// mean more than that: the beacon says that the machine is up.
func (f *files) observe(e event) {
	if e.Role == timeline.Role(route.Beacon) {
		if e.Kind == timeline.FetchEnd {
			f.events.Observe(timeline.Event{Kind: timeline.Up, MAC: e.MAC, Peer: e.Peer, Server: e.Server})
			f.booted(e.MAC)
		}
		return
	}
	f.events.Observe(e.Event)
	// Where the size was never told there are no parts of a file, so that what
	// ended well is all of it.
	if e.last && e.Kind == timeline.FetchEnd && (e.Bytes == e.Total || e.Total == 0) {
		f.booted(e.MAC)
	}
}

// A progressLimit thins out the progress of transfers: the story needs a few a second,
// a fast transfer reports hundreds.
type progressLimit struct {
	last sync.Map // of the transfer to the time.Time of its last report
}

const progressInterval = 200 * time.Millisecond

func (p *progressLimit) due(transfer any) bool {
	now := time.Now()
	if last, ok := p.last.Load(transfer); ok && now.Sub(last.(time.Time)) < progressInterval {
		return false
	}
	p.last.Store(transfer, now)
	return true
}

func (p *progressLimit) forget(transfer any) { p.last.Delete(transfer) }
