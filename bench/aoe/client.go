package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spurboot/spur/aoe"
)

// point is what the client asks.
type point struct {
	name    string
	command byte // of ATA
	sectors int
	depth   int
}

func (b *benchmark) points() []point {
	n := (b.link.MTU() - 22) / 512
	return []point{
		{"read, one at a time", 0x24, n, 1},
		{"read, 16 in flight", 0x24, n, 16},
		{"write, one at a time", 0x34, n, 1},
		{"write, 16 in flight", 0x34, n, 16},
	}
}

// client asks e1.1.
type client struct {
	link   *aoe.Interface
	point  point
	target aoe.MAC
	frames [][]byte // on their way, by tag
	sent   []time.Time
	in     [10000]byte
}

// lost is how long an answer may take before the request is sent again.
const lost = 100 * time.Millisecond

func (c *client) frame(to aoe.MAC, command byte, tag uint32) []byte {
	from := c.link.Address()
	f := append(append(to[:], from[:]...), 0x88, 0xa2, 0x10, 0, 0, 1, 1, command)
	return binary.BigEndian.AppendUint32(f, tag)
}

// recv waits for an answer's tag; it is false when none came in time.
func (c *client) recv() (tag uint32, ok bool, err error) {
	if err := c.link.Deadline(time.Now().Add(lost)); err != nil {
		return 0, false, err
	}
	n, err := c.link.Recv(c.in[:])
	if errors.Is(err, os.ErrDeadlineExceeded) || err == nil && n < 24 {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if c.in[14]&4 != 0 || c.in[19] == 0 && c.in[27]&1 != 0 {
		return 0, false, errors.New("the target answers with an error")
	}
	return binary.BigEndian.Uint32(c.in[20:]), c.in[14]&8 != 0, nil
}

// discover asks for the target until it answers.
func (c *client) discover() error {
	question := append(c.frame(aoe.MAC{255, 255, 255, 255, 255, 255}, 1, 1<<31), 0, 0, 0, 0, 0, 0x10, 0, 0)
	for range 100 {
		if err := c.link.Send(question); err != nil {
			return err
		}
		if tag, ok, err := c.recv(); err != nil {
			return err
		} else if ok && tag == 1<<31 {
			c.target = aoe.MAC(c.in[6:12])
			return nil
		}
	}
	return errors.New("the target doesn't answer")
}

// ask sends the next request in a slot.
func (c *client) ask(slot int, tag uint32) error {
	lba := rand.Uint64N(megabytes<<11 - uint64(c.point.sectors))
	f := c.frame(c.target, 0, tag)
	flags, data := byte(0x40), 0
	if c.point.command == 0x34 {
		flags, data = 0x41, c.point.sectors*512
	}
	f = append(f, flags, 0, byte(c.point.sectors), c.point.command)
	f = binary.LittleEndian.AppendUint64(f, lba)
	c.frames[slot] = append(f, make([]byte, data)...)
	return c.again(slot)
}

func (c *client) again(slot int) error {
	c.sent[slot] = time.Now()
	return c.link.Send(c.frames[slot])
}

// run keeps requests on their way and returns how many a second were answered.
func (c *client) run(ctx context.Context, d time.Duration) (float64, error) {
	depth := c.point.depth
	c.frames, c.sent = make([][]byte, depth), make([]time.Time, depth)
	current := make([]uint32, depth) // tags: the slot, and a count above it
	for slot := range depth {
		current[slot] = uint32(slot)
		if err := c.ask(slot, current[slot]); err != nil {
			return 0, err
		}
	}
	began, done := time.Now(), 0
	for time.Since(began) < d && ctx.Err() == nil {
		tag, ok, err := c.recv()
		if err != nil {
			return 0, err
		}
		if slot := int(tag & 255); ok && slot < depth && current[slot] == tag {
			done++
			current[slot] += 256
			if err := c.ask(slot, current[slot]); err != nil {
				return 0, err
			}
		}
		for slot := range depth {
			if time.Since(c.sent[slot]) > lost {
				if err := c.again(slot); err != nil {
					return 0, err
				}
			}
		}
	}
	return float64(done) / time.Since(began).Seconds(), ctx.Err()
}
