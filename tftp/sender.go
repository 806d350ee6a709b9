package tftp

import (
	"errors"
	"time"
)

// A sender sends one file over a link, as a server answering a read request
// or as a client that put one.
type sender struct {
	exchange
	blocks  blocks
	window  sendWindow
	serving bool // answering a read request

	beganWithData bool          // no OACK came before DATA 1
	repeats       int           // ACKs that repeated the last, see asksAgain
	sentAt        time.Time     // when the first block of the window went out
	windowTime    time.Duration // how long a window takes, smoothed
}

func newSender(x exchange, b blocks) *sender {
	x.buf = make([]byte, 1024)
	return &sender{exchange: x, blocks: b, window: newSendWindow(x.terms.windowSize)}
}

// run sends the file. It returns when the final block is confirmed or the
// transfer has failed.
func (s *sender) run() (Reason, error) {
	if s.firstPacket.isUnanswered() {
		if reason, err := s.sendFirst(); err != nil {
			return reason, err
		}
	}
	for {
		if reason, err := s.flush(); err != nil {
			return reason, err
		}
		reason, err := s.listen()
		switch {
		case errors.Is(err, errAgain):
			if reason, err := s.timedOut(); err != nil {
				return reason, err
			}
		case err != nil:
			return s.giveUp(reason, err)
		case s.done():
			return Completed, nil
		}
	}
}

// sendFirst sends the first block where no OACK came before it.
func (s *sender) sendFirst() (Reason, error) {
	packets, through, err := s.blocks.packets(0, 1, 1)
	if err != nil {
		return Failed, tell(s.link, errorFor(err), err)
	}
	s.clock()
	if err := s.firstPacket.begin(s.link, packets, s.timer.spacing()); err != nil {
		return lost(err)
	}
	s.mark(1, through)
	s.beganWithData = true
	return 0, nil
}

func (s *sender) done() bool { return s.window.last != 0 && s.window.acked == s.window.last }

// flush sends what the window allows now.
func (s *sender) flush() (Reason, error) {
	from, to := s.window.toSend()
	if from > to {
		return 0, nil
	}
	s.clock()
	layout := s.blocks.shape()
	for next := from; next <= to; next = s.window.sent + 1 {
		packets, through, err := s.blocks.packets(s.window.acked, next, to)
		if err != nil {
			return Failed, tell(s.link, errorFor(err), err)
		}
		if err := s.link.send(packets, layout.stride); err != nil {
			return s.giveUp(lost(err))
		}
		s.mark(next, through)
		if layout.last != 0 {
			to = min(to, layout.last)
		}
	}
	return 0, nil
}

// clock notes when a window begins to go out.
func (s *sender) clock() {
	if s.window.sent == s.window.acked {
		s.sentAt = time.Now()
	}
}

// mark notes that blocks went out.
func (s *sender) mark(from, through uint64) {
	s.window.last = s.blocks.shape().last
	s.stats.Packets += through - from + 1
	s.stats.Retransmits += s.window.sentThrough(through)
}

// listen waits until something is to be done: an ACK that counts, or a pause
// between bursts that is over.
func (s *sender) listen() (Reason, error) {
	if s.window.isUnfinished() {
		return s.waitForBurst()
	}
	wait := s.nextTimeout()
	// Only packets without effect need the clock.
	for since := time.Duration(0); since < wait; since = time.Since(s.sentAt) {
		reason, err := s.receive(wait - since)
		if err != nil {
			return reason, err
		}
		if s.packet.op != opAck {
			continue
		}
		switch s.acknowledge() {
		case stale:
		case repeated:
			if s.asksAgain() {
				wait = min(wait, time.Since(s.sentAt)+s.nextTimeout())
			}
		default:
			return 0, nil
		}
	}
	return 0, errAgain
}

// acknowledge applies the ACK that was received, and those that wait behind
// it if it asks for a repetition: a later one may make it needless.
func (s *sender) acknowledge() ackMeaning {
	v := s.window.ack(s.packet.block)
	if v == stale || v == repeated {
		return v
	}
	if v == advanced {
		s.measure(time.Since(s.sentAt))
	}
	s.firstPacket.answered()
	s.heard()
	s.repeats = 0
	if v == gap {
		s.drain()
	}
	s.progress.reached(s.blocks.shape().bytesTo(s.window.acked))
	return v
}

// drain applies the ACKs that have arrived meanwhile; at most a window of them.
func (s *sender) drain() {
	for range s.window.size {
		n, err := s.link.recv(s.buf, 0)
		if err != nil || parsePacket(s.buf[:n], &s.packet) != nil || s.packet.op != opAck {
			return // an end of the transfer will be seen again, or repeated
		}
		s.window.ack(s.packet.block)
	}
}

// giveUp says how a transfer ended whose peer is gone, or has forgotten it
// (ERROR 5), when it has been sent every block: many clients close their port
// with the final ACK, which may get lost. A server takes that for a good end;
// to a client that put a file it is none.
func (s *sender) giveUp(reason Reason, err error) (Reason, error) {
	var told *Error
	forgotten := errors.As(err, &told) && told.Code == CodeUnknownTransfer
	everything := s.window.last != 0 && s.window.top == s.window.last
	s.stats.Unconfirmed = everything && (reason == Gone || reason == TimedOut || forgotten)
	if s.stats.Unconfirmed && s.serving && reason != TimedOut {
		return Completed, nil
	}
	return reason, err
}

// result returns the figures of the transfer.
func (s *sender) result(began time.Time) Stats {
	arrived := s.window.acked
	if s.stats.Unconfirmed {
		arrived = s.window.top
	}
	s.stats.Bytes = s.blocks.shape().bytesTo(arrived)
	if s.beganWithData {
		again := s.firstPacket.repetitions()
		s.stats.Packets, s.stats.Retransmits = s.stats.Packets+again, s.stats.Retransmits+again
	}
	return s.exchange.result(began, arrived)
}
