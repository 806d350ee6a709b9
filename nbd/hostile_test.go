package nbd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// raw is a client that says what it likes.
type raw struct {
	*testing.T
	nc net.Conn
}

func connect(t *testing.T, sock string) raw {
	t.Helper()
	nc, err := net.Dial("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	return raw{t, nc}
}

func (r raw) send(b []byte) { r.nc.Write(b) }

// closed reads until the server closes the connection, and returns what came.
func (r raw) closed() []byte {
	r.Helper()
	b, err := io.ReadAll(r.nc)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		r.Error("the server holds on to the connection")
	}
	return b
}

var newstyle = []byte{0, 0, 0, 3}

// into is a client's way into the transmission phase.
func into(m mode) []byte {
	b := bytes.Clone(newstyle)
	switch m {
	case structured:
		b = appendOption(b, optStructuredReply, nil)
	case extended:
		b = appendOption(b, optExtendedHeaders, nil)
	}
	b = appendOption(b, optSetMeta, metaRequest{"", []string{baseAllocation}}.bytes())
	return appendOption(b, optGo, infoRequest{}.bytes())
}

func TestHostile(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{MaxPayload: 1 << 20}})
	option := func(opt, n uint32) []byte {
		b := appendOption(bytes.Clone(newstyle), opt, nil)
		binary.BigEndian.PutUint32(b[len(b)-4:], n)
		return b
	}
	huge := request{command: cmdWrite, length: 1 << 62}
	for name, b := range map[string][]byte{
		"unknown client flags": {0, 0, 1, 0},
		"no magic":             append(bytes.Clone(newstyle), make([]byte, 16)...),
		"endless option":       option(optGo, 1<<31),
		"unknown export":       appendOption(bytes.Clone(newstyle), optExportName, []byte("x")),
		"name with a NUL":      appendOption(bytes.Clone(newstyle), optExportName, []byte{0}),
		"request out of step":  append(into(simple), make([]byte, 28)...),
		"write without end":    huge.append(into(extended), extended),
	} {
		t.Run(name, func(t *testing.T) {
			r := connect(t, sock)
			r.send(b)
			r.closed()
		})
	}
	// An option too long for us is skipped, not fatal.
	r := connect(t, sock)
	r.send(appendOption(append(option(optGo, 100000), make([]byte, 100000)...), optAbort, nil))
	got := r.closed()
	if !bytes.Contains(got, binary.BigEndian.AppendUint32(nil, repTooBig)) {
		t.Errorf("no NBD_REP_ERR_TOO_BIG in %x", got)
	}
	exercise(t, dial(t, sock, Options{}))
}

// TestTooMuchToWrite: a write over the bound is refused, and the connection
// goes on.
func TestTooMuchToWrite(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{MaxPayload: 4096}})
	r := connect(t, sock)
	write := request{command: cmdWrite, length: 8192, cookie: 5}
	b := append(write.append(into(simple), simple), make([]byte, 8192)...)
	flush := request{command: cmdFlush, cookie: 6}
	bye := request{command: cmdDisconnect}
	r.send(bye.append(flush.append(b, simple), simple))
	got := r.closed()
	if !bytes.Contains(got, appendSimple(nil, errInvalid, 5)) || !bytes.Contains(got, appendSimple(nil, 0, 6)) {
		t.Errorf("replies %x", got)
	}
}

// TestStatusPayload has block status filtered by a payload, which no client
// packaged today can ask.
func TestStatusPayload(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 40)}}})
	r := connect(t, sock)
	ask := request{command: cmdBlockStatus, flags: cmdPayloadLen, cookie: 7, length: 12}
	b := ask.append(into(extended), extended)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, 1<<33), allocationID)
	wrong := request{command: cmdBlockStatus, flags: cmdPayloadLen, cookie: 8, length: 12}
	b = append(wrong.append(b, extended), make([]byte, 12)...)
	b = (&request{command: cmdDisconnect}).append(b, extended)
	r.send(b)
	got := r.closed()
	want := ask.appendStatus(nil, extended, []descriptor{{1 << 33, stateHole | stateZero}})
	if !bytes.Contains(got, want) || !bytes.Contains(got, wrong.appendDone(nil, extended, errInvalid)) {
		t.Errorf("replies %x, want %x in it", got, want)
	}
}

// TestCrowdedOut: clients that never say a word lock nobody out, and the server is told why they
// go. Their time is never over meanwhile.
func TestCrowdedOut(t *testing.T) {
	refused := make(chan error, 200)
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}},
		Bounds: Bounds{Handshakes: 8, HandshakeTimeout: time.Hour},
		Hooks:  Hooks{Refused: func(_ *Peer, err error) { refused <- err }}})
	for range 100 {
		connect(t, sock)
	}
	if err := <-refused; !errors.Is(err, errCrowdedOut) {
		t.Errorf("the first one ends by %v", err)
	}
	if err := dial(t, sock, Options{}).Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestHalfOpen: a client that never says a word goes when its time is over, and the server is
// told why.
func TestHalfOpen(t *testing.T) {
	refused := make(chan error, 1)
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}},
		Bounds: Bounds{HandshakeTimeout: 100 * time.Millisecond},
		Hooks:  Hooks{Refused: func(_ *Peer, err error) { refused <- err }}})
	if connect(t, sock).closed(); t.Failed() {
		return // it would never end
	}
	if err := <-refused; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it ends by %v", err)
	}
}

// TestTooMany: connections over the bound get no export, and room is made by those
// that leave.
func TestTooMany(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{Connections: 1}})
	c := dial(t, sock, Options{})
	name := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, magicOption), optExportName)
	r := connect(t, sock)
	r.send(append(binary.BigEndian.AppendUint32(nil, uint32(flagFixedNewstyle)), binary.BigEndian.AppendUint32(name, 0)...))
	if got := r.closed(); len(got) != 18 {
		t.Errorf("a connection too many was told %x", got)
	}
	if _, err := Dial(t.Context(), "unix", sock, Options{}); err == nil || !strings.Contains(err.Error(), "too many connections") {
		t.Error(err)
	}
	c.Close()
	for {
		again, err := Dial(t.Context(), "unix", sock, Options{})
		if err == nil {
			again.Close()
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestNeverReads: a client that asks and doesn't listen loses the connection,
// and holds up no other meanwhile.
func TestNeverReads(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Device: newMemory(8 << 20)}},
		Bounds: Bounds{WriteTimeout: 200 * time.Millisecond, Memory: 1 << 20, MaxPayload: 512 << 10}})
	r := connect(t, sock)
	r.send(into(simple))
	read := request{command: cmdRead, length: 512 << 10}
	for range 100 {
		r.send(read.append(nil, simple))
	}
	exercise(t, dial(t, sock, Options{}))
	time.Sleep(300 * time.Millisecond)
	r.closed()
}

// TestStop: what is under way when the server stops is answered.
func TestStop(t *testing.T) {
	d := slow{newMemory(1 << 20), make(chan struct{})}
	opened := make(chan *Session, 1)
	s := &Server{Exports: Fixed{{Device: d}}, Hooks: Hooks{Open: func(s *Session) { opened <- s }}}
	server, client := net.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, &single{conn: server, done: make(chan struct{})}) }()
	c, err := NewClient(t.Context(), client, Options{})
	if err != nil {
		t.Fatal(err)
	}
	<-opened
	read := make(chan error)
	go func() { read <- c.Read(t.Context(), make([]byte, 512), 0) }()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	close(d.let)
	<-read // answered or not: the stop may have come before the request
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := c.Flush(t.Context()); err == nil {
		t.Error("a stopped server flushes")
	}
	c.Close()
}

// single is a listener with one connection.
type single struct {
	conn net.Conn
	done chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	if nc := s.conn; nc != nil {
		s.conn = nil
		return nc, nil
	}
	<-s.done
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	close(s.done)
	return nil
}

func (s *single) Addr() net.Addr { return &net.UnixAddr{} }
