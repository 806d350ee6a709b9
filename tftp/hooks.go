package tftp

import (
	"net/netip"
	"time"
)

// Hooks tell what a server does. Each may be nil. They are called from the
// goroutines of the transfers, those of one transfer one after the other, and
// hold it up while they run.
type Hooks struct {
	// Start: the file is open and the terms are agreed.
	Start func(t *Transfer)
	// Progress: so many bytes have arrived at the other side; called about
	// every 256 KiB and not for the last ones, of which End tells.
	Progress func(t *Transfer, bytes int64)
	// End: the transfer is over. err is nil for Completed and SizeProbe.
	End func(t *Transfer, s Stats, reason Reason, err error)
	// Refused: a well-formed request was answered with an ERROR. err is what
	// the handler returned, or the reason why it wasn't asked.
	Refused func(r *Request, answer *Error, err error)
	// Malformed: a packet that makes no sense came in.
	Malformed func(remote netip.AddrPort, err error)
	// Panicked: serving a request panicked, in a handler or in this package.
	// The transfer has ended with an ERROR and without End; others go on.
	Panicked func(r *Request, value any, stack []byte)
}

// A Transfer is one file on its way.
type Transfer struct {
	*Request
	File       File  // that is read; nil when one is written
	Size       int64 // bytes, -1 when unknown
	BlockSize  int
	WindowSize int
	Timeout    time.Duration // of the first retransmission
}

// Stats are the figures of a transfer that has ended.
type Stats struct {
	Bytes       int64 // payload that arrived (acknowledged, or written)
	Blocks      uint64
	Packets     uint64 // DATA packets sent or received, repetitions included
	Retransmits uint64 // DATA packets sent again, or received again
	Timeouts    uint64 // times that nothing came in time
	Duration    time.Duration
	BlockSize   int
	WindowSize  int
	// Unconfirmed: all was sent, but the ACK of the final block never came.
	Unconfirmed bool
}

// A Reason says how a transfer ended.
type Reason uint8

// The ways a transfer ends; only Completed and SizeProbe are a success.
const (
	Completed Reason = iota // the whole file went over
	SizeProbe               // the client wanted to know the size only
	Aborted                 // the peer sent an ERROR
	Gone                    // the peer's port is closed
	TimedOut                // the peer fell silent
	Failed                  // our file could not be read or written
	Protocol                // the peer broke the protocol
	Replaced                // the client sent a new request from the same port
	Stopped                 // the server or the caller stopped it
)

func (r Reason) String() string {
	names := [...]string{"completed", "size probe", "aborted", "gone", "timed out", "failed", "protocol error", "replaced", "stopped"}
	if int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// progressStep is the number of bytes between two calls of Progress.
const progressStep = 256 << 10

// progress calls report for every step that is passed.
type progress struct {
	report func(bytes int64) // may be nil
	passed int64             // steps
}

func (p *progress) reached(bytes int64) {
	if p.report != nil && bytes/progressStep > p.passed {
		p.passed = bytes / progressStep
		p.report(bytes)
	}
}
