package nfs

const overTCP = 6 // the protocol's number

// portmapProcedure is a procedure of the portmapper by its number (RFC 1833 section 3.2).
// Nothing can be registered.
func portmapProcedure(number uint32) procedure {
	all := [...]procedure{null, no, no, port, noList} // with SET, UNSET, GETPORT, DUMP
	if uint64(number) < uint64(len(all)) {
		return all[number]
	}
	return nil
}

func no(_ *conn, _ *decoder, e *encoder) { e.bool(false) }

// port tells where a program is: at the port of NFS, or nowhere.
func port(c *conn, args *decoder, e *encoder) {
	program, version, over := args.uint32(), args.uint32(), args.uint32()
	args.uint32() // a port, without a meaning
	_, _, known := programOf(program, version)
	if !known || over != overTCP {
		e.uint32(0)
		return
	}
	e.uint32(uint32(c.Port))
}
