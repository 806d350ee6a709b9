package tftp

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// An opening is a transfer's beginning: what it sends before its client has
// shown that it is there. The sender of a request may be forged, so that every
// packet goes to somebody who never asked: DATA 1 has twenty times the bytes of
// a short request. So the first packet is repeated once by itself, or twice where
// it is no larger than a request usually is; anything more has to be asked for,
// and a client that hears nothing does ask again.
//
// A nil opening is that of a transfer whose peer has answered already.
type opening struct {
	heard atomic.Bool // the client has acknowledged something

	mu       sync.Mutex // guards link against its end; packets are sent under it
	link     link       // nil before the first packet and after the opening
	packet   []byte     // the first packet: OACK, DATA 1 or ACK 0
	spacing  time.Duration
	sentAt   time.Time
	spare    int    // repetitions that may still follow by themselves
	repeated uint64 // times that the first packet was sent again
}

// begin sends the first packet. Requests that are repeated faster than spacing
// are copies that the network made, and not answered.
func (o *opening) begin(l link, packet []byte, spacing time.Duration) error {
	if o == nil {
		return l.send(packet, len(packet))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.link, o.packet, o.spacing, o.sentAt = l, bytes.Clone(packet), spacing, time.Now()
	o.spare = 2
	if packet[1] == opData {
		o.spare = 1
	}
	return l.send(packet, len(packet))
}

// repeat sends the first packet again after a timeout, if it may.
func (o *opening) repeat() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spare == 0 {
		return nil
	}
	o.spare--
	return o.send()
}

// again answers a repeated request. It is called by the dispatcher, while the
// transfer waits.
func (o *opening) again() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.link == nil || time.Since(o.sentAt) < o.spacing {
		return
	}
	_ = o.send() // the transfer will see what is wrong with its link
}

func (o *opening) send() error {
	o.repeated++
	o.sentAt = time.Now()
	return o.link.send(o.packet, len(o.packet))
}

// over notes that the client has acknowledged something.
func (o *opening) over() {
	if o == nil || o.heard.Load() {
		return
	}
	o.heard.Store(true)
	o.close()
}

// close ends the use of the link.
func (o *opening) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.link, o.packet = nil, nil
}

// isOpen reports whether the client has yet to show that it is there.
func (o *opening) isOpen() bool { return o != nil && !o.heard.Load() }

// repetitions is how often the first packet was sent again.
func (o *opening) repetitions() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.repeated
}
