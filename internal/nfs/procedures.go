package nfs

// procedure carries out a call: it reads its arguments and writes its results. Where the
// arguments are no good, whatever it writes is dropped.
type procedure func(c *conn, args *decoder, e *encoder)

// The procedures of NFS (RFC 1813 section 3.3), by their numbers. Those that change something
// are refused with as many empty attributes as their replies have.
func nfsProcedure(number uint32) procedure {
	switch number {
	case 0:
		return null
	case 1:
		return getAttributes
	case 3:
		return at(lookup)
	case 4:
		return at(access)
	case 5:
		return at(readLink)
	case 6:
		return at(read)
	case 16:
		return at(readFolder)
	case 17:
		return at(readFolderPlus)
	case 18:
		return at(fileSystemStatus)
	case 19:
		return at(fileSystemInfo)
	case 20:
		return at(pathConfiguration)
	case 14: // RENAME
		return refuse(4)
	case 15: // LINK
		return refuse(3)
	case 2, 7, 8, 9, 10, 11, 12, 13, 21: // SETATTR, WRITE to RMDIR, COMMIT
		return refuse(2)
	}
	return nil
}

func null(*conn, *decoder, *encoder) {}

// refuse is a procedure for which there is nothing but a refusal, with so many attributes
// that aren't told.
func refuse(attributes int) procedure {
	return func(_ *conn, _ *decoder, e *encoder) {
		e.uint32(uint32(statusReadOnly))
		e.zeros(attributes)
	}
}

// placed carries out a procedure on the file of a handle: it reads what follows the handle,
// and writes its results. Where it fails, what it has written is dropped.
type placed func(c *conn, p place, args *decoder, e *encoder) error

// at is a procedure whose first argument is a handle. Its failures have the attributes of the
// file that it is about.
func at(do placed) procedure {
	return func(c *conn, args *decoder, e *encoder) {
		start := len(e.b)
		p, err := c.place(args)
		if err == nil {
			err = do(c, p, args, e)
		}
		if err != nil {
			e.b = e.b[:start]
			c.fail(e, p, err)
			e.attributesOf(p)
		}
	}
}

// succeed begins results that have the attributes of a file first.
func (e *encoder) succeed(p place) {
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
}

// fail writes the status of an error.
func (c *conn) fail(e *encoder, at place, err error) {
	s, failed := statusOf(err)
	if failed && at.node != nil && c.Hooks.Failed != nil {
		c.Hooks.Failed(c.peer, at.export, at.path(), err)
	}
	e.uint32(uint32(s))
}

// place reads a handle. A connection that knows one is no stranger's.
func (c *conn) place(args *decoder) (place, error) {
	p, err := c.find(args.opaque(mostHandle))
	if err == nil {
		c.known()
	}
	return p, err
}

// getAttributes carries out GETATTR, whose failures have no attributes.
func getAttributes(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.fail(e, p, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributes(p)
}

func lookup(c *conn, dir place, args *decoder, e *encoder) error {
	n, err := dir.export.Files.lookup(dir.node, string(args.opaque(mostCall)))
	if err != nil {
		return err
	}
	found := place{dir.export, n}
	e.uint32(uint32(statusOK))
	c.handle(e, found)
	e.attributesOf(found)
	e.attributesOf(dir)
	return nil
}

// What a client may ask whether it may (RFC 1813 section 3.3.4).
const (
	mayRead    = 0x01
	mayLookUp  = 0x02
	mayExecute = 0x20
)

// access tells what can be done at all: who may do what of it, clients know by the mode.
func access(_ *conn, p place, args *decoder, e *encoder) error {
	may := uint32(mayRead)
	switch {
	case p.mode.IsDir():
		may |= mayLookUp | mayExecute
	case p.mode.Perm()&0o111 != 0:
		may |= mayExecute
	}
	e.succeed(p)
	e.uint32(args.uint32() & may)
	return nil
}

func readLink(_ *conn, p place, _ *decoder, e *encoder) error {
	target, err := p.export.Files.readLink(p.node)
	if err != nil {
		return err
	}
	e.succeed(p)
	e.opaque(target)
	return nil
}
