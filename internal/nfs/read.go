package nfs

import "io/fs"

// read carries out READ (RFC 1813 section 3.3.6).
func read(c *conn, p place, args *decoder, e *encoder) error {
	if err := readable(p); err != nil {
		return err
	}
	off, count := args.uint64(), min(args.uint32(), mostRead)
	left := p.size - min(off, p.size)
	n := int(min(uint64(count), left))
	if !c.reserve(e, n) {
		return statusLater
	}
	e.succeed(p)
	e.uint32(uint32(n))
	e.bool(uint64(n) == left)
	e.uint32(uint32(n))
	return c.append(e, p, n, off)
}

// readable tells why a file's content can't be read, if so.
func readable(p place) error {
	switch {
	case p.mode.IsDir():
		return statusIsFolder
	case p.mode&fs.ModeType != 0:
		return statusInvalid
	}
	return nil
}

// append appends n bytes of a file, for which there is room.
func (c *conn) append(e *encoder, p place, n int, off uint64) error {
	at := len(e.b)
	if n == 0 {
		return nil
	}
	e.b = e.b[:at+n]
	if err := p.export.Files.readAt(p.node, e.b[at:], int64(off)); err != nil {
		return err
	}
	e.pad(n)
	c.uses.count(p.export.ID, n)
	if c.Hooks.Read != nil {
		c.Hooks.Read(c.peer, p.export, p.path(), n)
	}
	return nil
}
