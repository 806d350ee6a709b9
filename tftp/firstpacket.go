package tftp

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// A firstPacket is all that a transfer sends before its client has shown that it is
// there: an OACK, DATA 1 or ACK 0. The sender of a request may be forged, so that every
// packet goes to somebody who never asked: DATA 1 has twenty times the bytes of
// a short request. So the first packet is repeated once by itself, or twice where
// it is no larger than a request usually is; anything more has to be asked for,
// and a client that hears nothing does ask again. What is sent early to a client that opens
// its port late is one of these.
//
// A nil one is that of a transfer whose peer has answered already.
type firstPacket struct {
	heard     atomic.Bool // the client has acknowledged something
	opensLate bool        // the client may be one that listens a little after its request, see untilOpen

	mu       sync.Mutex // guards link against its end; packets are sent under it
	link     link       // nil before the packet was sent, and once it was answered
	packet   []byte
	spacing  time.Duration
	sentAt   time.Time
	spare    int    // repetitions that may still follow by themselves
	repeated uint64 // times that the first packet was sent again
}

// begin sends the first packet. Requests that are repeated faster than spacing
// are copies that the network made, and not answered.
func (f *firstPacket) begin(l link, packet []byte, spacing time.Duration) error {
	if f == nil {
		return l.send(packet, len(packet))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link, f.packet, f.spacing, f.sentAt = l, bytes.Clone(packet), spacing, time.Now()
	f.spare = 2
	if packet[1] == opData {
		f.spare = 1
	}
	return l.send(packet, len(packet))
}

// repeat sends the first packet again after a timeout, if it may.
func (f *firstPacket) repeat() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spare == 0 {
		return nil
	}
	f.spare--
	return f.resend()
}

// requestedAgain answers a repeated request. It is called by the dispatcher, while the
// transfer waits.
func (f *firstPacket) requestedAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.link == nil || time.Since(f.sentAt) < f.spacing {
		return
	}
	_ = f.resend() // the transfer will see what is wrong with its link
}

func (f *firstPacket) resend() error {
	f.repeated++
	f.sentAt = time.Now()
	return f.link.send(f.packet, len(f.packet))
}

// answered notes that the client has acknowledged something.
func (f *firstPacket) answered() {
	if f == nil || f.heard.Load() {
		return
	}
	f.heard.Store(true)
	f.close()
}

// close ends the use of the link.
func (f *firstPacket) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.link, f.packet = nil, nil
}

// isUnanswered reports whether the client has yet to show that it is there.
func (f *firstPacket) isUnanswered() bool { return f != nil && !f.heard.Load() }

// mayBeEarly reports whether the packet may have come before its client listened, and
// was not sent again yet.
func (f *firstPacket) mayBeEarly() bool {
	if f == nil || !f.opensLate || f.heard.Load() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.link != nil && f.repeated == 0
}

// repetitions is how often the first packet was sent again.
func (f *firstPacket) repetitions() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.repeated
}
