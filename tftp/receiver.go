package tftp

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// A receiver takes one file from a link, as a server answering a write
// request or as a client that got one.
type receiver struct {
	exchange
	to     io.Writer
	commit func() error // called when all is written, before the final ACK
	window receiveWindow
	answer []byte // the packet that asks for more: OACK or ACK
	ack    [headerSize]byte
}

func newReceiver(x exchange, to io.Writer, commit func() error) *receiver {
	x.buf = make([]byte, max(x.terms.blockSize+headerSize, 1024)+1)
	return &receiver{exchange: x, to: to, commit: commit, window: receiveWindow{size: uint64(x.terms.windowSize)}}
}

// begin sends the packet that lets the sender start: a server's OACK or ACK
// of block 0. It is repeated until the first block is here.
func (r *receiver) begin(answer []byte) error {
	r.answer = answer
	return r.firstPacket.begin(r.link, answer, r.timer.spacing())
}

// run receives the file. The first DATA packet may have been parsed already.
func (r *receiver) run() (Reason, error) {
	r.timer.arm()
	for {
		if done, reason, err := r.take(); done || err != nil {
			return reason, err
		}
		reason, err := r.receive(time.Until(r.timer.deadline))
		if errors.Is(err, errAgain) {
			r.packet.op = 0
			reason, err = r.timedOut()
		}
		if err != nil {
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

// take handles the packet that was received, if one was.
func (r *receiver) take() (done bool, reason Reason, err error) {
	switch {
	case r.packet.op == opData:
		return r.data()
	case r.packet.op == opOACK && r.window.got == 0: // the server missed our answer to it
		return false, Failed, r.link.send(r.answer, len(r.answer))
	}
	return false, 0, nil
}

func (r *receiver) data() (done bool, reason Reason, err error) {
	payload := r.packet.data
	if len(payload) > r.terms.blockSize {
		reason, err := r.refuse(fmt.Errorf("block %d has more than %d bytes", r.packet.block, r.terms.blockSize))
		return true, reason, err
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
	r.heard()
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
