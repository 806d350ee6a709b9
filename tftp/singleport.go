package tftp

import (
	"context"
	"sync"
	"time"
)

// A singlePort is the link of a transfer that has no port of its own: it sends
// through the server's socket, from the address that the client asked, and the
// dispatcher hands it what the client sends there.
type singlePort struct {
	udpWriter
	stopped <-chan struct{}
	timer   *time.Timer

	mu   sync.Mutex  // guards the channels against deliver while listen makes them
	in   chan []byte // packets for recv; nil before listen
	free chan []byte // buffers for deliver
}

// listen makes it receive packets of at most size bytes, count of which may wait.
func (l *singlePort) listen(ctx context.Context, size, count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped, l.timer = ctx.Done(), time.NewTimer(time.Hour)
	l.in, l.free = make(chan []byte, count), make(chan []byte, count)
	for range count {
		l.free <- make([]byte, size)
	}
}

// deliver takes a copy of a packet. When nobody is receiving, or too many
// packets wait, it is dropped, as a full socket buffer would.
func (l *singlePort) deliver(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case buf := <-l.free:
		l.in <- buf[:copy(buf[:cap(buf)], p)]
	default:
	}
}

func (l *singlePort) recv(buf []byte, wait time.Duration) (int, error) {
	select { // what has arrived counts before an end does
	case p := <-l.in:
		return l.take(buf, p)
	default:
	}
	l.timer.Reset(wait)
	select {
	case p := <-l.in:
		return l.take(buf, p)
	case <-l.stopped:
		return 0, ErrStopped
	case <-l.timer.C:
		return 0, errAgain
	}
}

func (l *singlePort) take(buf, p []byte) (int, error) {
	n := copy(buf, p)
	l.free <- p
	return n, nil
}

func (l *singlePort) send(p []byte, stride int) error {
	if err := l.udpWriter.send(p, stride); err != nil && !passes(err) {
		return err
	}
	return nil
}
