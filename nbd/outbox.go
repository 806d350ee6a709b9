package nbd

import (
	"net"
	"sync"
	"time"
)

// outbox sends replies. The worker that finds nobody sending sends its own and
// those that come while it does; the others go on with the next request.
type outbox struct {
	nc      net.Conn
	timeout time.Duration
	buffers *pool
	memory  *budget

	mu      sync.Mutex
	waiting []letter
	spare   []letter
	sending bool
	failed  bool

	// Of the one that sends.
	bytes net.Buffers
	array [][]byte
}

// letter is a reply in the buffer that it was made in.
type letter struct {
	bytes  []byte
	buffer *buffer
}

// send sends a reply and gives its buffer back, perhaps later.
func (o *outbox) send(l letter) {
	o.mu.Lock()
	o.waiting = append(o.waiting, l)
	if o.sending {
		o.mu.Unlock()
		return
	}
	o.sending = true
	for len(o.waiting) > 0 {
		batch, failed := o.waiting, o.failed
		o.waiting, o.spare = o.spare[:0], nil
		o.mu.Unlock()
		if !failed {
			failed = o.write(batch) != nil
		}
		o.release(batch)
		o.mu.Lock()
		o.spare, o.failed = batch[:0], failed
	}
	o.sending = false
	o.mu.Unlock()
}

// write sends a batch by one system call where the connection can. A client
// that doesn't take its replies in time, or is gone, loses the connection.
func (o *outbox) write(batch []letter) error {
	err := o.nc.SetWriteDeadline(time.Now().Add(o.timeout))
	if err != nil {
		return err
	}
	if len(batch) == 1 {
		_, err = o.nc.Write(batch[0].bytes)
	} else {
		o.array = o.array[:0]
		for _, l := range batch {
			o.array = append(o.array, l.bytes)
		}
		o.bytes = o.array
		_, err = o.bytes.WriteTo(o.nc)
	}
	if err != nil {
		o.nc.Close()
	}
	return err
}

func (o *outbox) release(batch []letter) {
	for i, l := range batch {
		n := charge(l.buffer)
		o.buffers.put(l.buffer)
		o.memory.give(n)
		batch[i] = letter{}
	}
}
