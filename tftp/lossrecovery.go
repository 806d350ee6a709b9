package tftp

import (
	"errors"
	"fmt"
	"time"
)

// What is lost is sent again when the timer runs out: soon on a link whose round
// trips are short, later for a client that repeats its ACK. After a loss a window
// is sent in smaller bursts, spread over the time that a window took, because a
// receiver that loses packets of a burst is one whose buffer is small. Windows
// don't get smaller: a receiver acknowledges after the number of blocks it
// negotiated, and would wait in vain for the rest of a smaller one (RFC 7440
// section 4).

// nextTimeout is the wait before the next retransmission.
func (s *sender) nextTimeout() time.Duration {
	if early := s.timer.early(s.windowTime); early > 0 {
		return early
	}
	return s.timer.wait()
}

// timedOut handles a timeout.
func (s *sender) timedOut() (Reason, error) {
	s.stats.Timeouts++
	if s.timer.early(s.windowTime) > 0 {
		s.timer.earlyTimeouts++
		s.window.goBack()
		return 0, nil
	}
	s.silent.Store(s.window.acked > 0)
	if s.timer.mayRetry() {
		return s.repeat()
	}
	return s.giveUp(TimedOut, fmt.Errorf("%w to block %d", ErrTimeout, s.window.acked+1))
}

// repeat sends what was not confirmed again. Until the client has shown that it
// is there that is for firstPacket to decide.
func (s *sender) repeat() (Reason, error) {
	if !s.firstPacket.isUnanswered() {
		s.window.goBack()
		return 0, nil
	}
	s.sentAt = time.Now()
	if err := s.firstPacket.repeat(); err != nil {
		return s.giveUp(lost(err))
	}
	return 0, nil
}

// maxRepeats is how many repetitions of an ACK count as a sign of life.
const maxRepeats = 32

// asksAgain notes an ACK that says nothing new. It is never answered (RFC 1123
// section 4.2.3.1), but a client that repeats it is there, and lacks what
// follows: the transfer goes on being patient, and the timer begins anew.
func (s *sender) asksAgain() bool {
	s.repeats++
	if s.repeats > maxRepeats {
		return false
	}
	s.heard()
	return true
}

// measure takes in how long a window took since it was sent, or sent again. An
// ACK that the client repeated, after a timeout of its own, says nothing of the
// link: no single one counts for much.
func (s *sender) measure(took time.Duration) {
	if s.windowTime == 0 {
		s.windowTime = min(took, minEarly/8)
		return
	}
	s.windowTime += (min(took, 8*s.windowTime) - s.windowTime) / 8
}

// waitForBurst waits between two bursts, or until an ACK that counts.
func (s *sender) waitForBurst() (Reason, error) {
	began, wait := time.Now(), s.burstGap()
	for since := time.Duration(0); since < wait; since = time.Since(began) {
		reason, err := s.receive(wait - since)
		if errors.Is(err, errAgain) {
			return 0, nil
		}
		if err != nil {
			return reason, err
		}
		if s.packet.op != opAck {
			continue
		}
		if v := s.acknowledge(); v != stale && v != repeated {
			return 0, nil
		}
	}
	return 0, nil
}

// burstGap is the time between two bursts: that of a window, spread over its
// bursts.
func (s *sender) burstGap() time.Duration {
	bursts := time.Duration((s.window.size + s.window.burst - 1) / s.window.burst)
	return min(max(s.windowTime/bursts, 50*time.Microsecond), 20*time.Millisecond)
}
