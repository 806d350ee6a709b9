package tftp

import (
	"sync/atomic"
	"time"
)

// An exchange is what sending a file and receiving one have in common.
type exchange struct {
	link        link
	terms       terms
	timer       timer
	progress    progress
	onBad       func(error)  // is told of a malformed packet; may be nil
	silent      *atomic.Bool // set while a retransmission goes unanswered
	firstPacket *firstPacket // nil when the peer has answered already

	buf    []byte
	packet packet
	stats  Stats
}

func newExchange(l link, t terms, timer timer) exchange {
	return exchange{link: l, terms: t, timer: timer, silent: new(atomic.Bool)}
}

// receive takes the next packet apart. A malformed one ends the transfer, as
// does an ERROR.
func (x *exchange) receive(wait time.Duration) (Reason, error) {
	n, err := x.recv(wait)
	if err != nil {
		return lost(err)
	}
	return x.parse(x.buf[:n])
}

func (x *exchange) parse(b []byte) (Reason, error) {
	if err := parsePacket(b, &x.packet); err != nil {
		x.packet.op = 0
		return x.refuse(err)
	}
	if x.packet.op == opError {
		told := x.packet.err
		return Aborted, &told
	}
	return 0, nil
}

// refuse ends a transfer whose peer breaks the protocol.
func (x *exchange) refuse(err error) (Reason, error) {
	if x.onBad != nil {
		x.onBad(err)
	}
	return Protocol, tell(x.link, &Error{CodeIllegalOperation, "malformed packet"}, err)
}

// heard notes a sign of life.
func (x *exchange) heard() {
	if x.timer.timeouts > 0 || x.timer.earlyTimeouts > 0 {
		x.timer.timeouts, x.timer.earlyTimeouts = 0, 0
		x.silent.Store(false)
	}
}

// result returns the figures of a transfer that has got as far as a block.
func (x *exchange) result(began time.Time, blocks uint64) Stats {
	x.stats.Blocks = blocks
	x.stats.Duration = time.Since(began)
	x.stats.BlockSize, x.stats.WindowSize = x.terms.blockSize, x.terms.windowSize
	return x.stats
}
