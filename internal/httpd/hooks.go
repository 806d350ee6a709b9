package httpd

import (
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"time"
)

// Transfer is one request and what it asks for. The same pointer is given to
// all hooks of a transfer; nobody changes it after Start.
type Transfer struct {
	Method    string
	Name      string // cleaned, see [Clean]; as it came where it can't be cleaned
	Remote    netip.AddrPort
	Local     netip.AddrPort
	UserAgent string
	Range     string  // the Range header as it came, or empty
	Size      int64   // of the whole file in bytes, -1 when it isn't known
	File      fs.File // that is sent; nil where none could be opened
	Refused   error   // why none could be opened
}

// Stats is how a transfer ended.
type Stats struct {
	Bytes    int64 // of the file, handed to the kernel; none of an error's page
	Duration time.Duration
	Status   int // as sent; 0 when the connection ended before
}

// Hooks are told of each transfer: Start once the file is open or is known not
// to open, Progress after 2 MiB at most and, to a slow peer, every few seconds,
// and End, always, once. They are called on the goroutine of the transfer, which
// waits for them: be brief. Any may be nil and then costs nothing.
type Hooks struct {
	Start    func(t *Transfer)
	Progress func(t *Transfer, bytes int64) // bytes of the body until now
	// End: err is nil when all that was promised was sent. Otherwise it says
	// why not: the error of opening or reading the file, or one that wraps
	// [ErrStalled] or [ErrPeerGone].
	End func(t *Transfer, s Stats, err error)
}

var (
	// ErrStalled says that the peer stopped reading and was cut off.
	ErrStalled = errors.New("peer stopped reading")
	// ErrPeerGone says that the peer closed or lost the connection before the
	// end: firmware does that where it only wanted to know a size.
	ErrPeerGone = errors.New("peer closed the connection before the end")
)

func newTransfer(r *http.Request, name string) *Transfer {
	return &Transfer{
		Method:    r.Method,
		Name:      name,
		Remote:    Remote(r),
		Local:     Local(r),
		UserAgent: r.UserAgent(),
		Range:     r.Header.Get("Range"),
		Size:      -1,
	}
}

func (h *Hooks) start(t *Transfer) {
	if h.Start != nil {
		h.Start(t)
	}
}

func (h *Hooks) end(t *Transfer, s Stats, err error) {
	if h.End != nil {
		h.End(t, s, err)
	}
}

// progress is nil when nobody asks, so that nothing is called per chunk.
func (h *Hooks) progress(t *Transfer) func(int64) {
	if h.Progress == nil {
		return nil
	}
	return func(bytes int64) { h.Progress(t, bytes) }
}
