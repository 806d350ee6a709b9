package nfs

import (
	"net"
	"testing"
)

// caller makes calls without a connection.
type caller struct {
	testing.TB
	c *conn
}

func newCaller(t testing.TB, s *Server) caller {
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	all := newShared(s.Bounds.withDefaults())
	c := newConn(s, here, all, nil)
	c.open()
	t.Cleanup(c.close)
	return caller{t, c}
}

// record is a call with arguments.
func record(program, version, procedure uint32, args ...any) []byte {
	e := &encoder{}
	for _, v := range []uint32{7, messageCall, rpcVersion, program, version, procedure, authSys, 0, authNone, 0} {
		e.uint32(v)
	}
	return append(e.b, arguments(args...)...)
}

func arguments(args ...any) []byte {
	e := &encoder{}
	for _, a := range args {
		switch a := a.(type) {
		case int:
			e.uint32(uint32(a))
		case uint64:
			e.uint64(a)
		case string:
			e.opaque(a)
		}
	}
	return e.b
}

// raw is the reply to a record.
func (r caller) raw(record []byte) decoder {
	r.Helper()
	e := r.c.begin()
	if !r.c.reply(record, e) {
		r.Fatal("no reply")
	}
	r.c.releaseExports()
	r.c.release()
	return decoder{b: e.b[4:]}
}

// call is the results of a call that is accepted, from its status on.
func (r caller) call(program, version, procedure uint32, args ...any) decoder {
	r.Helper()
	d := r.raw(record(program, version, procedure, args...))
	var header [6]uint32
	for i := range header {
		header[i] = d.uint32()
	}
	if header != [6]uint32{7, messageReply, replyAccepted, authNone, 0, uint32(success)} {
		r.Fatalf("the reply begins with %v", header)
	}
	return d
}

// nfs makes a call of NFS that should have a status.
func (r caller) nfs(want status, procedure uint32, args ...any) decoder {
	r.Helper()
	d := r.call(programNFS, versionNFS, procedure, args...)
	if got := status(d.uint32()); got != want {
		r.Errorf("procedure %d of %q: status %d, and not %d", procedure, args, got, want)
	}
	return d
}

// root mounts.
func (r caller) root() string {
	r.Helper()
	d := r.call(programMount, versionMount, 1, testPath)
	if s := d.uint32(); s != 0 {
		r.Fatalf("mount: status %d", s)
	}
	return string(d.opaque(mostHandle))
}

// file looks a name up.
func (r caller) file(dir, name string) string {
	r.Helper()
	d := r.nfs(statusOK, 3, dir, name)
	return string(d.opaque(mostHandle))
}
