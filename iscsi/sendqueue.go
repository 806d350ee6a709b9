package iscsi

import (
	"net"
	"sync"
	"time"
)

// Bounds of what waits to be sent on a connection.
const (
	copyBelow  = 2 << 10  // data of fewer bytes is copied next to its header
	queueBytes = 1 << 20  // above it, those who add wait
	queueArena = 64 << 10 // likewise, of headers and data next to them
	fullBatch  = 32 << 10 // from it on, what waits for more goes out
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

// sendQueue sends the PDUs of one connection. What is added waits for a flush,
// so that the answers to what came in a burst leave in one. Whoever flushes
// sends, what others add meanwhile too: nobody waits for a goroutine of its own
// to wake up.
type sendQueue struct {
	nc       net.Conn
	pool     *buffers
	sendTime time.Duration

	mu       sync.Mutex
	changed  *sync.Cond // something was sent
	waiting  batch
	sending  batch
	busy     bool
	statSN   uint32
	err      error
	deadline time.Time // of sending
	vec      net.Buffers
	vecSpace net.Buffers
	hdrSum   bool
	dataSum  bool
}

func (o *sendQueue) init(nc net.Conn, pool *buffers, sendTime time.Duration) {
	o.nc, o.pool, o.sendTime = nc, pool, sendTime
	o.changed = sync.NewCond(&o.mu)
}

// add queues one PDU; the caller holds the lock. held, where it isn't nil, is
// given back to the pool once the data is out.
func (o *sendQueue) add(h *header, data []byte, held *buffer) {
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

func (o *sendQueue) addData(data []byte) {
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
func (o *sendQueue) nextStatSN() uint32 {
	o.statSN++
	return o.statSN - 1
}

// drain sends what waits, unless somebody does, with o.mu held now and then.
func (o *sendQueue) drain() {
	if o.busy || len(o.waiting.arena) == 0 {
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
		o.changed.Broadcast()
	}
	o.busy = false
	if o.err != nil {
		o.waiting.reset(o.pool)
	}
	o.changed.Broadcast()
}

// flush sends what waits, or leaves it to the one who sends. Where the
// initiator takes too little it waits until it has taken more.
func (o *sendQueue) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drain()
	_ = o.awaitRoom() // who sends has the error
}

// finish is flush that returns when all is sent.
func (o *sendQueue) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.drain(); o.err == nil && (o.busy || len(o.waiting.arena) > 0); o.drain() {
		o.changed.Wait()
	}
}

// awaitRoom waits until the queue is short enough for more. The caller holds
// o.mu.
func (o *sendQueue) awaitRoom() error {
	for o.err == nil && (o.waiting.bytes > queueBytes || len(o.waiting.arena) > queueArena) {
		if o.drain(); o.busy {
			o.changed.Wait()
		}
	}
	return o.err
}

// waits says whether there is anything that nobody sends.
func (o *sendQueue) waits() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.busy && len(o.waiting.arena) > 0
}

// isFull says whether as much waits as should leave in one.
func (o *sendQueue) isFull() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting.bytes >= fullBatch
}

func (o *sendQueue) send() error {
	if err := o.setDeadline(); err != nil {
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

// setDeadline gives the initiator at least sendTime; a little more spares a new
// deadline for every send.
func (o *sendQueue) setDeadline() error {
	now := time.Now()
	if o.deadline.Sub(now) > o.sendTime {
		return nil
	}
	o.deadline = now.Add(o.sendTime + o.sendTime/8)
	return o.nc.SetWriteDeadline(o.deadline)
}

// fail ends the queue: what waits is dropped, nothing is taken any more.
func (o *sendQueue) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	if !o.busy {
		o.waiting.reset(o.pool)
	}
	o.changed.Broadcast()
}
