package nfs

// programOf is the procedures of a program in a version. known is false where there is no
// such program, or none in that version, of which there is another one then.
func programOf(program, version uint32) (procedures func(uint32) procedure, served uint32, known bool) {
	switch program {
	case programNFS:
		procedures, served = nfsProcedure, versionNFS
	case programMount:
		procedures, served = mountProcedure, versionMount
	case programPortmap:
		procedures, served = portmapProcedure, versionPortmap
	}
	return procedures, served, procedures != nil && version == served
}

// reply writes the reply to a call. ok is false where there is none.
func (c *conn) reply(record []byte, e *encoder) (ok bool) {
	call, args, ok := parseCall(record)
	c.args = args
	if !ok {
		return false
	}
	e.uint32(call.xid)
	e.uint32(messageReply)
	if call.denied(e) {
		return true
	}
	procedures, served, known := programOf(call.program, call.version)
	switch {
	case procedures == nil:
		accepted(e, programUnavailable)
	case !known:
		accepted(e, programMismatch)
		e.uint32(served)
		e.uint32(served)
	default:
		c.carryOut(procedures(call.procedure), &c.args, e)
	}
	return true
}

// carryOut writes the results of a procedure, of which there may be none.
func (c *conn) carryOut(do procedure, args *decoder, e *encoder) {
	if do == nil {
		accepted(e, procedureUnavailable)
		return
	}
	start := len(e.b)
	accepted(e, success)
	do(c, args, e)
	if args.bad {
		e.b = e.b[:start]
		accepted(e, garbageArguments)
	}
}
