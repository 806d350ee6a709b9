package nbd

import (
	"sync"

	"github.com/spurboot/spur/block/share"
)

// sendQueue sends replies, several at a time. The worker that finds nobody sending
// sends all that wait, and those that come while it does.
type sendQueue struct {
	t       transport
	buffers *pool
	memory  *share.Account

	mu      sync.Mutex
	waiting []queued
	size    int // bytes of those that wait
	spare   []queued
	sending bool
	failed  bool

	// Of the one that sends.
	array [][]byte
}

// queued is a reply in the buffer that it was made in. What is in the pipe
// follows.
type queued struct {
	bytes  []byte
	buffer *buffer
	pipe   *pipe
	piped  int // bytes of the pipe's that the connection holds memory for
}

func (l *queued) size() int {
	if l.pipe != nil {
		return len(l.bytes) + l.pipe.n
	}
	return len(l.bytes)
}

// sendQueueFull is how many bytes of replies wait at most for others to leave
// with them.
const sendQueueFull = 32 << 10

// add has a reply sent at the next flush, or now if enough wait.
func (o *sendQueue) add(l queued) {
	o.mu.Lock()
	o.waiting = append(o.waiting, l)
	o.size += l.size()
	if o.size >= sendQueueFull {
		o.send()
	}
	o.mu.Unlock()
}

// flush sends what waits, or leaves it to the one who is sending.
func (o *sendQueue) flush() {
	o.mu.Lock()
	o.send()
	o.mu.Unlock()
}

// send sends what waits, with o.mu held now and then.
func (o *sendQueue) send() {
	if o.sending {
		return
	}
	o.sending = true
	for len(o.waiting) > 0 {
		batch, failed := o.waiting, o.failed
		o.waiting, o.spare, o.size = o.spare[:0], nil, 0
		o.mu.Unlock()
		if !failed {
			if failed = o.write(batch) != nil; failed {
				o.t.cut()
			}
		}
		o.release(batch)
		o.mu.Lock()
		o.spare, o.failed = batch[:0], failed
	}
	o.sending = false
}

// write sends a batch. A client that doesn't take its replies in time, or is
// gone, loses the connection.
func (o *sendQueue) write(batch []queued) error {
	o.array = o.array[:0]
	for i := range batch {
		l := &batch[i]
		o.array = append(o.array, l.bytes)
		if l.pipe == nil {
			continue
		}
		err := o.t.send(o.array)
		if err == nil {
			err = o.t.sendPipe(l.pipe)
			l.pipe = nil
		}
		if err != nil {
			return err
		}
		o.array = o.array[:0]
	}
	return o.t.send(o.array)
}

func (o *sendQueue) release(batch []queued) {
	for i, l := range batch {
		if l.pipe != nil {
			o.t.takeBack(l.pipe)
		}
		n := charge(l.buffer) + l.piped
		o.buffers.put(l.buffer)
		o.memory.Give(n)
		batch[i] = queued{}
	}
}
