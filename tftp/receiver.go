package tftp

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// A receiver takes one file from a link, as a server answering a write
// request or as a client that got one.
type receiver struct {
	link        link
	terms       terms
	to          io.Writer
	commit      func() error // called when all is written, before the final ACK
	window      receiveWindow
	timer       timer
	progress    progress
	onBad       func(error)
	silent      *atomic.Bool // set while a retransmission goes unanswered
	firstPacket *firstPacket // nil when the peer has answered already

	buf    []byte
	answer []byte // the packet that asks for more: OACK or ACK
	ack    [headerSize]byte
	packet packet
	stats  Stats
}

func newReceiver(l link, to io.Writer, commit func() error, t terms, timer timer) *receiver {
	return &receiver{
		link: l, terms: t, to: to, commit: commit, timer: timer,
		window: receiveWindow{size: uint64(t.windowSize)},
		buf:    make([]byte, max(t.blockSize+headerSize, 1024)+1),
		silent: new(atomic.Bool),
	}
}

// begin sends the packet that lets the sender start: a server's OACK or ACK
// of block 0. It is repeated until the first block is here.
func (r *receiver) begin(answer []byte) error {
	r.answer = answer
	return r.firstPacket.begin(r.link, answer, r.timer.spacing())
}

// run receives the file. first is a DATA packet that is here already, or nil.
func (r *receiver) run(first []byte) (Reason, error) {
	r.timer.arm()
	if first != nil {
		if done, reason, err := r.take(first); done || err != nil {
			return reason, err
		}
	}
	for {
		n, err := r.link.recv(r.buf, time.Until(r.timer.deadline))
		switch {
		case errors.Is(err, errAgain):
			if reason, err := r.timedOut(); err != nil {
				return reason, err
			}
			continue
		case err != nil:
			return lost(err)
		}
		if done, reason, err := r.take(r.buf[:n]); done || err != nil {
			return reason, err
		}
	}
}

// timedOut repeats the last answer after a timeout.
func (r *receiver) timedOut() (Reason, error) {
	r.stats.Timeouts++
	r.silent.Store(r.window.got > 0)
	if !r.timer.mayRetry() {
		return TimedOut, fmt.Errorf("%w: block %d did not come", ErrTimeout, r.window.got+1)
	}
	r.timer.arm()
	if r.firstPacket.isUnanswered() {
		return Failed, r.firstPacket.repeat()
	}
	if r.window.got > 0 {
		r.confirm()
	}
	if r.answer == nil {
		return 0, nil
	}
	return Failed, r.link.send(r.answer, len(r.answer))
}

// take handles one packet.
func (r *receiver) take(b []byte) (done bool, reason Reason, err error) {
	if err := parsePacket(b, &r.packet); err != nil {
		return r.refuse(err)
	}
	switch r.packet.op {
	case opData:
		return r.data()
	case opError:
		told := r.packet.err
		return true, Aborted, &told
	case opOACK: // the server missed our answer to it
		if r.window.got == 0 {
			return false, Failed, r.link.send(r.answer, len(r.answer))
		}
	}
	return false, 0, nil
}

func (r *receiver) refuse(err error) (bool, Reason, error) {
	if r.onBad != nil {
		r.onBad(err)
	}
	return true, Protocol, tell(r.link, &Error{CodeIllegalOperation, "malformed packet"}, err)
}

func (r *receiver) data() (done bool, reason Reason, err error) {
	payload := r.packet.data
	if len(payload) > r.terms.blockSize {
		return r.refuse(fmt.Errorf("block %d has more than %d bytes", r.packet.block, r.terms.blockSize))
	}
	final := len(payload) < r.terms.blockSize
	what := r.window.data(r.packet.block, final)
	r.stats.Packets++
	if !what.take {
		r.stats.Retransmits++
		if what.ack {
			r.confirm()
			return false, Failed, r.link.send(r.answer, headerSize)
		}
		return false, 0, nil
	}
	if err := r.keep(payload, final); err != nil {
		return true, Failed, tell(r.link, errorFor(err), err)
	}
	r.firstPacket.answered()
	if r.timer.timeouts > 0 {
		r.timer.heard()
		r.silent.Store(false)
	}
	if what.ack {
		r.confirm()
		if err := r.link.send(r.answer, headerSize); err != nil && !final {
			return true, Failed, err
		}
	}
	r.timer.arm()
	return final, Completed, nil
}

func (r *receiver) confirm() {
	putHeader(r.ack[:], opAck, r.window.confirm())
	r.answer = r.ack[:]
}

func (r *receiver) keep(payload []byte, final bool) error {
	if _, err := r.to.Write(payload); err != nil {
		return err
	}
	r.stats.Bytes += int64(len(payload))
	r.progress.reached(r.stats.Bytes)
	if final && r.commit != nil {
		return r.commit()
	}
	return nil
}

// dally answers repetitions of the final block until there have been none for
// a while: its ACK may have got lost (RFC 1350 section 6). A new request from
// the same port ends it.
func (r *receiver) dally(wait time.Duration) {
	r.silent.Store(true)
	end := time.Now().Add(2 * maxWait)
	for time.Now().Before(end) {
		n, err := r.link.recv(r.buf, wait)
		if err != nil {
			return
		}
		if parsePacket(r.buf[:n], &r.packet) == nil && r.packet.op == opData && r.packet.block == uint16(r.window.got) {
			_ = r.link.send(r.answer, headerSize)
		}
	}
}

func (r *receiver) result(began time.Time) Stats {
	r.stats.Blocks = r.window.got
	r.stats.Duration = time.Since(began)
	r.stats.BlockSize, r.stats.WindowSize = r.terms.blockSize, r.terms.windowSize
	return r.stats
}
