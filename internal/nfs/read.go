package nfs

import "time"

// memoryWait is how long a read waits for memory that others hold, before its client is told
// to ask again.
const memoryWait = 10 * time.Second

// read carries out READ (RFC 1813 section 3.3.6).
func read(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	off, count := args.uint64(), min(args.uint32(), mostRead)
	if err == nil {
		err = readable(p)
	}
	if err != nil {
		c.fail(e, p, err)
		return
	}
	left := p.size - min(off, p.size)
	n := int(min(uint64(count), left))
	if !c.hold(n) {
		c.fail(e, p, statusLater)
		return
	}
	start := len(e.b)
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	e.uint32(uint32(n))
	e.bool(uint64(n) == left)
	e.uint32(uint32(n))
	if err := c.append(e, p, n, off); err != nil {
		e.b = e.b[:start]
		c.fail(e, p, err)
	}
}

// append appends n bytes of a file.
func (c *conn) append(e *encoder, p place, n int, off uint64) error {
	at := len(e.b)
	if n == 0 {
		return nil
	}
	c.reserve(e, n)
	e.b = e.b[:at+n]
	if err := p.export.Files.readAt(p.node, e.b[at:], int64(off)); err != nil {
		return err
	}
	e.pad(n)
	if c.Hooks.Read != nil {
		c.Hooks.Read(c.peer, p.export, p.path(), n)
	}
	return nil
}
