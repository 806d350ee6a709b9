package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/bench/testbed"
)

// A client asks e1.1. It is as lean as a client can be, so that the server is
// what is measured: one thread, which looks at a ring of frames without ever
// sleeping, of each frame is copied the beginning only, and what it asks for
// meanwhile goes out with one system call.
type client struct {
	ring    *testbed.Ring
	target  aoe.MAC
	point   point
	sectors int // in one frame
	window  int // frames in flight

	slots    []slot
	requests []request
	idle     []int // requests with frames to be sent
	free     []int // slots
	next     int64 // offset of a sequential request
	queue    [][]byte
	done     int // requests
	resent   int
}

// slot is a frame in flight.
type slot struct {
	frame   []byte
	tag     uint32
	sent    time.Time
	request int
	flying  bool
}

// request is in one or more frames.
type request struct {
	offset, end int64 // of what hasn't been asked for
	flying      int   // frames
}

const (
	// headers is the length of Ethernet's, AoE's and ATA's headers.
	headers = 36
	// lost is how long an answer may take before the request is sent again.
	lost = 100 * time.Millisecond

	ataReadExt, ataWriteExt = 0x24, 0x34
)

// runClient prints bytes per second, cores that the server kept busy, and
// frames that were sent again.
func runClient(_ context.Context, args []string) error {
	if len(args) != 6 {
		return errors.New("client WRITE SEQUENTIAL SIZE DEPTH SECONDS PID")
	}
	var p point
	var seconds float64
	var pid int
	for i, v := range []any{&p.write, &p.sequential, &p.size, &p.depth, &seconds, &pid} {
		if _, err := fmt.Sscan(args[i], v); err != nil {
			return fmt.Errorf("%s: %w", args[i], err)
		}
	}
	r, err := testbed.OpenRing(aoe.EtherType)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	c := &client{ring: r, point: p}
	if err := c.discover(); err != nil {
		return err
	}
	if err := c.run(warmUp); err != nil {
		return err
	}
	before, err := testbed.Busy(pid)
	if err != nil {
		return err
	}
	began, done, resent := time.Now(), c.done, c.resent
	if err := c.run(time.Duration(seconds * float64(time.Second))); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	after, err := testbed.Busy(pid)
	if err != nil {
		return err
	}
	fmt.Println(float64(c.done-done)*float64(p.size)/took, (after-before)/took, c.resent-resent)
	return c.ring.Lost()
}

// warmUp is how long the client asks before it counts.
const warmUp = 100 * time.Millisecond

func (c *client) header(to aoe.MAC, command byte, tag uint32) []byte {
	f := append(append(to[:], c.ring.Address...), 0x88, 0xa2, 0x10, 0, 0, 1, 1, command)
	return binary.BigEndian.AppendUint32(f, tag)
}

// discover asks for the target until it answers, and prepares what it says
// there is room for.
func (c *client) discover() error {
	question := append(c.header(aoe.MAC{255, 255, 255, 255, 255, 255}, 1, 1<<31), 0, 0, 0, 0, 0, 0x10, 0, 0)
	question = append(question, make([]byte, 28)...)
	for range 500 {
		if err := c.ring.Send([][]byte{question}); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
		for {
			f, _ := c.ring.Peek()
			if f == nil {
				break
			}
			found := f[14]&8 != 0 && f[19] == 1
			if found {
				c.prepare(aoe.MAC(f[6:12]), int(binary.BigEndian.Uint16(f[24:])), int(f[28]))
			}
			c.ring.Done()
			if found {
				return nil
			}
		}
	}
	return errors.New("the target doesn't answer")
}

func (c *client) prepare(target aoe.MAC, buffers, sectors int) {
	c.target = target
	c.sectors = min(sectors&^1, c.point.size/512) // as Linux's initiator does: whole KiB
	frames := (c.point.size/512 + c.sectors - 1) / c.sectors
	c.window = min(buffers, frames*c.point.depth)
	length := headers
	if c.point.write {
		length += c.sectors * 512
	}
	c.slots = make([]slot, c.window)
	for i := range c.slots {
		c.slots[i].frame = append(c.header(target, 0, 0), make([]byte, length-24)...)
		c.free = append(c.free, i)
	}
	c.requests = make([]request, c.point.depth)
	for i := range c.requests {
		c.begin(i)
	}
}

// begin makes a new request.
func (c *client) begin(i int) {
	r := &c.requests[i]
	size := int64(c.point.size)
	r.offset = rand.Int64N(megabytes<<20/size) * size
	if c.point.sequential {
		r.offset = c.next
		c.next = (c.next + size) % (megabytes << 20)
	}
	r.end = r.offset + size
	c.idle = append(c.idle, i)
}

// run keeps requests in flight for a while.
func (c *client) run(d time.Duration) error {
	for began := time.Now(); ; {
		got := false
		for range testbed.Batch {
			f, length := c.ring.Peek()
			if f == nil {
				break
			}
			err := c.take(f, length)
			c.ring.Done()
			if err != nil {
				return err
			}
			got = true
		}
		c.ask()
		if err := c.flush(); err != nil {
			return err
		}
		if got {
			continue
		}
		now := time.Now()
		if now.Sub(began) > d {
			return nil
		}
		if err := c.repeat(now); err != nil {
			return err
		}
		for range 100 {
			if f, _ := c.ring.Peek(); f != nil {
				break
			}
		}
	}
}

// take takes in an answer.
func (c *client) take(f []byte, length int) error {
	if len(f) < headers || f[14]&8 == 0 || f[19] != 0 {
		return nil
	}
	tag := binary.BigEndian.Uint32(f[20:])
	i := int(tag & 0xff)
	if i >= len(c.slots) || !c.slots[i].flying || c.slots[i].tag != tag {
		return nil // of a request that was sent twice
	}
	s := &c.slots[i]
	want := headers
	if !c.point.write {
		want += int(s.frame[26]) * 512
	}
	if f[14]&4 != 0 || f[27]&1 != 0 || length < want {
		return fmt.Errorf("the target answers with % x, and %d bytes", f[:headers], length)
	}
	s.flying = false
	c.free = append(c.free, i)
	r := &c.requests[s.request]
	if r.flying--; r.flying == 0 && r.offset == r.end {
		c.done++
		c.begin(s.request)
	}
	return nil
}

// ask makes frames of what is to be asked for, as far as there is room.
func (c *client) ask() {
	for len(c.idle) > 0 && len(c.free) > 0 {
		i := c.free[len(c.free)-1]
		c.free = c.free[:len(c.free)-1]
		s, r := &c.slots[i], &c.requests[c.idle[0]]
		sectors := min(int64(c.sectors), (r.end-r.offset)/512)
		s.request, s.flying = c.idle[0], true
		s.tag = s.tag&^0xff + 0x100 | uint32(i)
		binary.BigEndian.PutUint32(s.frame[20:], s.tag)
		s.frame[24], s.frame[25], s.frame[26], s.frame[27] = 0x40, 0, byte(sectors), ataReadExt
		length := headers
		if c.point.write {
			s.frame[24], s.frame[27] = 0x41, ataWriteExt
			length += int(sectors) * 512
		}
		binary.LittleEndian.PutUint64(s.frame[28:], uint64(r.offset/512))
		r.offset += sectors * 512
		r.flying++
		if r.offset == r.end {
			c.idle = append(c.idle[:0], c.idle[1:]...)
		}
		c.queue = append(c.queue, s.frame[:length])
	}
}

func (c *client) flush() error {
	if len(c.queue) == 0 {
		return nil
	}
	now := time.Now()
	for _, f := range c.queue {
		c.slots[f[23]].sent = now
	}
	for len(c.queue) > testbed.Batch {
		if err := c.ring.Send(c.queue[:testbed.Batch]); err != nil {
			return err
		}
		c.queue = c.queue[testbed.Batch:]
	}
	err := c.ring.Send(c.queue)
	c.queue = c.queue[:0]
	return err
}

// repeat sends again what wasn't answered in time.
func (c *client) repeat(now time.Time) error {
	for i := range c.slots {
		if s := &c.slots[i]; s.flying && now.Sub(s.sent) > lost {
			c.resent++
			c.queue = append(c.queue, s.frame)
		}
	}
	return c.flush()
}
