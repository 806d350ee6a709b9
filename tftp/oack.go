package tftp

import (
	"errors"
	"fmt"
	"time"
)

// offer sends an OACK until the client confirms it with an ACK of block 0
// (RFC 2347). An ERROR at this point answers the options: if they told the
// size, the client has what it wanted.
//
// Quirk: edk2 and most PXE ROMs ask for the size this way: RRQ with tsize,
// then ERROR 0 or 8 ("User aborted") or a closed port, then the real RRQ.
//
// Quirk: atftp takes a second OACK for an error when its ACK of the first got
// lost. Like all clients it asks again by itself, after 5 s, so that the OACK is
// repeated later than that, unless the client has named an interval. Over IPv6 edk2 counts for
// more (see untilOpen): an atftp whose ACK is lost there, or takes longer, may give up.
func (s *sender) offer(oack []byte) (Reason, error) {
	s.sentAt = time.Now()
	err := s.firstPacket.begin(s.link, oack, s.timer.spacing())
	for {
		if err != nil {
			return lost(err)
		}
		s.timer.arm()
		var reason Reason
		reason, err = s.awaitConfirmation()
		switch {
		case err == nil:
			s.measure(time.Since(s.sentAt))
			s.firstPacket.answered()
			s.heard()
			return Completed, nil
		case errors.Is(err, errAgain):
			if s.stats.Timeouts++; !s.timer.mayRetry() {
				return TimedOut, fmt.Errorf("%w to the option acknowledgment", ErrTimeout)
			}
			if err = nil; s.timer.fixed || s.timer.timeouts >= lateOACK {
				err = s.firstPacket.repeat()
			}
		case s.terms.sizeAsked && (reason == Aborted || reason == Gone):
			return SizeProbe, nil
		default:
			return reason, err
		}
	}
}

// lateOACK is the timeout with which an OACK is repeated: after 1 + 2 + 4 s.
const lateOACK = 3

// awaitConfirmation receives packets until one is the ACK of block 0, the timer
// runs out or the transfer is over.
func (s *sender) awaitConfirmation() (Reason, error) {
	for {
		reason, err := s.receive(time.Until(s.timer.deadline))
		if err != nil || s.packet.op == opAck && s.packet.block == 0 {
			return reason, err
		}
	}
}
