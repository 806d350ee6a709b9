package tftp

import (
	"cmp"
	"time"
)

// A timer is the retransmission timer of a transfer.
type timer struct {
	first         time.Duration // wait before the first retransmission
	fixed         bool          // negotiated: no back-off (RFC 2349 names the interval)
	timeouts      int           // since the peer was last heard of
	earlyTimeouts int           // likewise; they are not counted against the retries, see early
	maxTimeouts   int           // after which the transfer is given up: the retries
	deadline      time.Time
}

// newTimer makes a timer with the given settings, or the defaults where they are
// 0.
func newTimer(timeout time.Duration, retries int, negotiated time.Duration) timer {
	t := timer{first: cmp.Or(max(timeout, 0), DefaultTimeout), maxTimeouts: cmp.Or(max(retries, 0), DefaultRetries)}
	if negotiated > 0 {
		t.first, t.fixed = negotiated, true
	}
	return t
}

// maxWait bounds the back-off.
const maxWait = 8 * time.Second

// wait is the present interval, doubled with each timeout (RFC 1123 section
// 4.2.3.2).
func (t *timer) wait() time.Duration {
	if t.fixed {
		return t.first
	}
	return min(t.first<<min(t.timeouts, 16), max(maxWait, t.first))
}

// early is the wait before a retransmission that is not counted: on a link whose
// windows take usual, a much longer silence means that something was lost, and
// there is no use in waiting for the timer proper. It doubles with each, and is
// 0 once it would be no sooner than the timer.
func (t *timer) early(usual time.Duration) time.Duration {
	if usual == 0 || t.timeouts > 0 {
		return 0
	}
	if d := max(minEarly, 8*usual) << min(t.earlyTimeouts, 16); d < t.first {
		return d
	}
	return 0
}

// minEarly spares a client that pauses to write what it has.
const minEarly = 200 * time.Millisecond

// spacing is how much later than the answer a request must come to be one that
// its client repeated because it heard nothing.
func (t *timer) spacing() time.Duration { return t.first / 10 }

func (t *timer) arm() { t.deadline = time.Now().Add(t.wait()) }

// mayRetry counts a timeout; it is false when there have been as many as the
// transfer has retries.
func (t *timer) mayRetry() bool {
	t.timeouts++
	return t.timeouts <= t.maxTimeouts
}
