package iscsi

import (
	"net"
	"sync"
	"time"
)

// Bounds of what waits to be sent on a connection.
const (
	copyBelow  = 2 << 10  // data of fewer bytes is copied next to its header
	queueBytes = 1 << 20  // above it, readers of devices wait
	keepArena  = 16 << 10 // memory that an idle connection keeps
)

// batch is a run of PDUs that goes out in one system call: headers and small
// data in one arena, larger data where it lies.
type batch struct {
	arena []byte
	cuts  []cut
	held  []*buffer // given back when the batch is out
	bytes int
}

// cut: data goes between the arena's bytes before and after at.
type cut struct {
	at   int
	data []byte
}

func (b *batch) reset(pool *buffers) {
	for i, held := range b.held {
		pool.put(held)
		b.held[i] = nil
	}
	clear(b.cuts)
	b.cuts, b.held, b.bytes = b.cuts[:0], b.held[:0], 0
	if b.arena = b.arena[:0]; cap(b.arena) > keepArena {
		b.arena = nil
	}
}

// appendTo lays the batch out for writev.
func (b *batch) appendTo(v net.Buffers) net.Buffers {
	from := 0
	for _, c := range b.cuts {
		v = append(v, b.arena[from:c.at], c.data)
		from = c.at
	}
	if from < len(b.arena) {
		v = append(v, b.arena[from:])
	}
	return v
}

// outQueue sends the PDUs of one connection. Whoever finds nobody sending
// sends, what others add meanwhile too: nobody waits for a goroutine of its
// own to wake up, and what comes in bursts leaves in one.
type outQueue struct {
	nc       net.Conn
	pool     *buffers
	sendTime time.Duration

	mu       sync.Mutex
	room     *sync.Cond
	waiting  batch
	sending  batch
	busy     bool
	statSN   uint32
	err      error
	vec      net.Buffers
	vecSpace net.Buffers
	hdrSum   bool
	dataSum  bool
}

func (o *outQueue) init(nc net.Conn, pool *buffers, sendTime time.Duration) {
	o.nc, o.pool, o.sendTime = nc, pool, sendTime
	o.room = sync.NewCond(&o.mu)
}

// lock begins a run of adds that unlock sends.
func (o *outQueue) lock() { o.mu.Lock() }

// add queues one PDU; the caller holds the lock. held, where it isn't nil, is
// given back to the pool once the data is out.
func (o *outQueue) add(h *header, data []byte, held *buffer) {
	if o.err != nil {
		o.pool.put(held)
		return
	}
	h.setDataLen(len(data))
	b := &o.waiting
	at := len(b.arena)
	b.arena = append(b.arena, h[:]...)
	if o.hdrSum {
		b.arena = appendDigest(b.arena, digest(b.arena[at:]))
	}
	o.addData(data)
	b.bytes += headerSize + len(data)
	if held != nil {
		b.held = append(b.held, held)
	}
}

func (o *outQueue) addData(data []byte) {
	b := &o.waiting
	if len(data) == 0 {
		return
	}
	if len(data) < copyBelow {
		b.arena = append(b.arena, data...)
	} else {
		b.cuts = append(b.cuts, cut{len(b.arena), data})
	}
	b.arena = append(b.arena, zeroPad[:pad(len(data))]...)
	if o.dataSum {
		b.arena = appendDigest(b.arena, digest(data))
	}
}

// nextStatSN numbers a PDU that carries status; the caller holds the lock.
func (o *outQueue) nextStatSN() uint32 {
	o.statSN++
	return o.statSN - 1
}

// unlock ends a run of adds: it sends, unless somebody does already.
func (o *outQueue) unlock() {
	if o.busy || len(o.waiting.arena) == 0 {
		o.mu.Unlock()
		return
	}
	o.busy = true
	for o.err == nil && len(o.waiting.arena) > 0 {
		o.waiting, o.sending = o.sending, o.waiting
		o.mu.Unlock()
		err := o.send()
		o.mu.Lock()
		o.sending.reset(o.pool)
		if err != nil && o.err == nil {
			o.err = err
		}
		o.room.Broadcast()
	}
	o.busy = false
	if o.err != nil {
		o.waiting.reset(o.pool)
	}
	o.mu.Unlock()
}

// keep ends a run of adds that a later unlock or flush sends.
func (o *outQueue) keep() { o.mu.Unlock() }

// flush sends what was kept.
func (o *outQueue) flush() {
	o.lock()
	o.unlock()
}

func (o *outQueue) send() error {
	if err := o.nc.SetWriteDeadline(time.Now().Add(o.sendTime)); err != nil {
		return err
	}
	o.vecSpace = o.sending.appendTo(o.vecSpace[:0])
	o.vec = o.vecSpace
	var err error
	if len(o.vec) == 1 {
		_, err = o.nc.Write(o.vec[0])
	} else {
		_, err = o.vec.WriteTo(o.nc)
	}
	clear(o.vecSpace)
	if err != nil {
		o.nc.Close() // wakes the reader, which ends the connection
	}
	return err
}

// waitRoom holds up a reader of a device while the initiator takes nothing.
func (o *outQueue) waitRoom() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && o.waiting.bytes > queueBytes {
		o.room.Wait()
	}
	return o.err
}

// fail ends the queue: what waits is dropped, nothing is taken any more.
func (o *outQueue) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	if !o.busy {
		o.waiting.reset(o.pool)
	}
	o.room.Broadcast()
}
