package nfs

// Programs of RPC, and the versions that are served.
const (
	programPortmap, versionPortmap = 100000, 2
	programNFS, versionNFS         = 100003, 3
	programMount, versionMount     = 100005, 3
)

// What a call may be and how it is replied to (RFC 5531 section 9).
const (
	rpcVersion  = 2
	messageCall = 0
	mostAuth    = 400 // bytes of credentials

	messageReply               = 1
	replyAccepted, replyDenied = 0, 1
	authTooWeak                = 5
)

// acceptance is how an accepted call is replied to.
type acceptance uint32

const (
	success acceptance = iota
	programUnavailable
	programMismatch
	procedureUnavailable
	garbageArguments
)

// Flavors of credentials. Whose they are makes no difference: everybody may read what a
// handle or a path leads to, since nobody guesses one.
const authNone, authSys = 0, 1

// call is the header of a call.
type call struct {
	xid                         uint32
	rpc                         uint32 // the version of RPC
	program, version, procedure uint32
	flavor                      uint32
}

// parseCall reads the header of a call. What is left of the record is the arguments. ok is
// false where there is nothing to reply to.
func parseCall(record []byte) (c call, args decoder, ok bool) {
	d := decoder{b: record}
	c.xid = d.uint32()
	kind := d.uint32()
	c.rpc, c.program, c.version, c.procedure = d.uint32(), d.uint32(), d.uint32(), d.uint32()
	c.flavor = d.uint32()
	d.opaque(mostAuth)
	d.uint32() // the verifier's flavor
	d.opaque(mostAuth)
	return c, d, !d.bad && kind == messageCall
}

// denied writes why a call isn't accepted, if so.
func (c call) denied(e *encoder) bool {
	switch {
	case c.rpc != rpcVersion:
		e.uint32(replyDenied)
		e.uint32(0) // RPC_MISMATCH
		e.uint32(rpcVersion)
		e.uint32(rpcVersion)
	case c.flavor != authNone && c.flavor != authSys:
		e.uint32(replyDenied)
		e.uint32(1) // AUTH_ERROR
		e.uint32(authTooWeak)
	default:
		return false
	}
	return true
}

// accepted writes the header of an accepted reply, up to its results.
func accepted(e *encoder, how acceptance) {
	e.uint32(replyAccepted)
	e.uint32(authNone) // the verifier
	e.uint32(0)
	e.uint32(uint32(how))
}
