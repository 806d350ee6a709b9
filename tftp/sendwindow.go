package tftp

// A sendWindow is the sender's state: which blocks are confirmed, which are under
// way, which go next. Blocks are counted from 1 without rolling over; only
// the wire has 16 bits.
type sendWindow struct {
	size  uint64 // negotiated number of blocks that may be unconfirmed
	burst uint64 // number of blocks sent in one go, 1 to size
	acked uint64 // every block up to this one is confirmed
	sent  uint64 // highest block sent since the last step back
	top   uint64 // highest block ever sent
	last  uint64 // number of the final block, 0 while unknown

	goingBack      bool   // the blocks after acked are sent again already, or will be
	repeatBelieved uint64 // value of acked when a repeated ACK was last acted on
	wholeWindows   int    // confirmed since the burst changed
	growAfter      int    // how many of them let the burst grow by a block
}

// An ackMeaning is what an ACK means to the sender.
type ackMeaning int

const (
	stale    ackMeaning = iota // says nothing
	repeated                   // says again what is known: the client lacks what follows
	advanced                   // confirms blocks
	gap                        // reports a gap: the blocks after it go out again
	finished                   // confirms the final block
)

// How many windows in a row must arrive whole before bursts grow by a block:
// at first, and at most. Each loss doubles it, so that a receiver with a
// small buffer is not driven into losses again and again.
const (
	firstGrowAfter = 4
	maxGrowAfter   = 4096
)

func newSendWindow(size int) sendWindow {
	return sendWindow{size: uint64(size), burst: uint64(size), growAfter: firstGrowAfter}
}

// toSend returns the blocks to send now, both included; none if
// from > to.
func (w *sendWindow) toSend() (from, to uint64) {
	from, to = w.sent+1, min(w.acked+w.size, w.sent+w.burst)
	if w.last != 0 {
		to = min(to, w.last)
	}
	return from, to
}

// isUnfinished reports whether more blocks may follow the ones sent without waiting
// for an ACK: true in the pause between two bursts of one window.
func (w *sendWindow) isUnfinished() bool {
	return w.sent < w.acked+w.size && (w.last == 0 || w.sent < w.last)
}

// sentThrough records that blocks up to the given one were sent, and returns how
// many of them had been sent before.
func (w *sendWindow) sentThrough(to uint64) (resent uint64) {
	if w.top > w.sent {
		resent = min(to, w.top) - w.sent
	}
	w.sent = to
	w.top = max(w.top, to)
	return resent
}

// ack judges an ACK of the 16-bit block number n.
func (w *sendWindow) ack(n uint16) ackMeaning {
	ahead := uint64(n - uint16(w.acked))
	block := w.acked + ahead
	switch {
	case block > w.top: // older than acked, or never sent
		return stale
	case ahead == 0:
		return w.repeatedACK()
	}
	w.acked, w.goingBack = block, false
	if block == w.last {
		return finished
	}
	if block < w.sent { // RFC 7440 section 4: resume after the block confirmed
		w.goBack()
		return gap
	}
	w.sent = block
	w.growBurst()
	return advanced
}

// repeatedACK judges an ACK of the block that was confirmed last. In lockstep it is
// never acted on (RFC 1123 section 4.2.3.1). In a window it may say that the first
// block of the window was lost: that is believed once, and not in two windows that
// follow each other, so that copies of packets cannot breed copies.
func (w *sendWindow) repeatedACK() ackMeaning {
	nothingUnderWay := w.sent == w.acked
	lockstep := w.size == 1
	believedJustNow := w.repeatBelieved != 0 && w.acked-w.repeatBelieved <= w.size
	switch {
	case nothingUnderWay:
		return stale
	case lockstep, w.goingBack, believedJustNow:
		return repeated
	}
	w.repeatBelieved = w.acked
	w.goBack()
	return gap
}

// goBack makes the first unconfirmed block the next one to be sent.
func (w *sendWindow) goBack() {
	w.sent, w.goingBack = w.acked, true
	w.burst = max(1, w.burst/2)
	w.wholeWindows = 0
	w.growAfter = min(2*w.growAfter, maxGrowAfter)
}

// growBurst counts a window that was confirmed whole.
func (w *sendWindow) growBurst() {
	if w.burst == w.size {
		return
	}
	if w.wholeWindows++; w.wholeWindows == w.growAfter {
		w.burst++
		w.wholeWindows = 0
	}
}
