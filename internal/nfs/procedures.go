package nfs

import (
	"io/fs"
	"math"
)

// procedure carries out a call: it reads its arguments and writes its results. Where the
// arguments are no good, whatever it writes is dropped.
type procedure func(c *conn, args *decoder, e *encoder)

// The procedures of NFS (RFC 1813 section 3.3), by their numbers. Those that change something
// are refused with as many empty attributes as their replies have.
func nfsProcedure(number uint32) procedure {
	all := [...]procedure{
		null, getAttributes, refuse(2), lookup, access, readLink, read, // SETATTR is 2
		refuse(2), refuse(2), refuse(2), refuse(2), refuse(2), refuse(2), refuse(2), // WRITE to RMDIR
		refuse(4), refuse(3), // RENAME, LINK
		readFolder, readFolderPlus, fileSystemStatus, fileSystemInfo, pathConfiguration,
		refuse(2), // COMMIT
	}
	if uint64(number) < uint64(len(all)) {
		return all[number]
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

// fail writes the status of an error, and the attributes of where it happened.
func (c *conn) fail(e *encoder, at place, err error) {
	c.failStatus(e, at, err)
	e.attributesOf(at)
}

// failStatus is fail without attributes.
func (c *conn) failStatus(e *encoder, at place, err error) {
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

func getAttributes(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.failStatus(e, p, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributes(p)
}

func lookup(c *conn, args *decoder, e *encoder) {
	dir, err := c.place(args)
	name := string(args.opaque(mostCall))
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	n, err := dir.export.Files.lookup(dir.node, name)
	if err != nil {
		c.fail(e, dir, err)
		return
	}
	found := place{dir.export, n}
	e.uint32(uint32(statusOK))
	e.opaque(c.handle(found))
	e.attributesOf(found)
	e.attributesOf(dir)
}

// What a client may ask whether it may (RFC 1813 section 3.3.4).
const (
	mayRead    = 0x01
	mayLookUp  = 0x02
	mayExecute = 0x20
)

// access tells what can be done at all: who may do what of it, clients know by the mode.
func access(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	asked := args.uint32()
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	may := uint32(mayRead)
	switch {
	case p.mode.IsDir():
		may |= mayLookUp | mayExecute
	case p.mode.Perm()&0o111 != 0:
		may |= mayExecute
	}
	e.uint32(asked & may)
}

func readLink(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	target, err := p.export.Files.readLink(p.node)
	if err != nil {
		c.fail(e, p, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	e.opaque(target)
}

func fileSystemStatus(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	for range 6 { // bytes and files: all, free, free for who asks
		e.uint64(0)
	}
	e.uint32(math.MaxUint32) // for so long that doesn't change
}

// Sizes that clients are told: with what is around it a write is no longer than a call may be.
const (
	mostRead      = 1 << 20
	mostWrite     = 8 << 10  // libnfs takes no less
	mostFolder    = 32 << 10 // bytes of a part of a folder's list
	sizeMultiple  = 4 << 10
	hasLinks      = 0x02 // symbolic ones
	isHomogeneous = 0x08 // what PATHCONF says holds for all files
)

func fileSystemInfo(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	for _, size := range []uint32{mostRead, mostRead, sizeMultiple, mostWrite, mostWrite, sizeMultiple, mostFolder} {
		e.uint32(size)
	}
	e.uint64(math.MaxInt64) // bytes of a file
	e.uint32(1)             // times are in seconds
	e.uint32(0)
	e.uint32(hasLinks | isHomogeneous)
}

func pathConfiguration(c *conn, args *decoder, e *encoder) {
	p, err := c.place(args)
	if err != nil {
		c.fail(e, place{}, err)
		return
	}
	e.uint32(uint32(statusOK))
	e.attributesOf(p)
	e.uint32(1) // hard links of a file
	e.uint32(mostName)
	e.bool(true)  // longer names are errors
	e.bool(true)  // only root changes owners
	e.bool(false) // case matters
	e.bool(true)  // and is kept
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
