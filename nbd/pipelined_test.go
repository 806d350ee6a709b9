package nbd

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// read reads n bytes.
func (r raw) read(n int) []byte {
	r.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r.nc, b); err != nil {
		r.Fatal(err)
	}
	return b
}

// answered reads a simple reply without data, and returns its error number.
func (r raw) answered(cookie uint64) errno {
	r.Helper()
	b := r.read(simpleReplySize)
	if got := binary.BigEndian.Uint64(b[8:]); got != cookie {
		r.Fatalf("reply to %d, not to %d", got, cookie)
	}
	return errno(binary.BigEndian.Uint32(b[4:]))
}

// transmitting is a client beyond the handshake, with simple replies.
func transmitting(t *testing.T, s *Server) raw {
	t.Helper()
	r := connect(t, serve(t, s))
	r.send(appendOption(bytes.Clone(newstyle), optExportName, nil))
	r.read(18 + 10)
	return r
}

// largeWrite is how many bytes a large write has: more than the server's input
// buffer.
const largeWrite = 64 << 10

// largeAt is a write of which the bytes tell which it is.
func largeAt(cookie, off uint64) []byte {
	q := request{command: cmdWrite, cookie: cookie, offset: off, length: largeWrite}
	return append(q.append(nil, simple), bytes.Repeat([]byte{byte(cookie)}, largeWrite)...)
}

// TestLargeWritesCut: a large write is carried out and answered though the next has
// come only in part, wherever it is cut, and the next is what it was.
func TestLargeWritesCut(t *testing.T) {
	for _, cut := range []int{0, 1, 27, 28, 29, 1000, largeWrite, largeWrite + 27} {
		disk := newMemory(1 << 20)
		r := transmitting(t, &Server{Exports: Fixed{{Device: disk}}})
		second := largeAt(2, 2*largeWrite)
		r.send(append(largeAt(1, 0), second[:cut]...))
		r.answered(1)
		r.send(append(second[cut:], largeAt(3, 4*largeWrite)...))
		r.answered(2)
		r.answered(3)
		got, want := make([]byte, 1<<20), make([]byte, 1<<20)
		if err := disk.Read(t.Context(), got, 0); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(3) {
			copy(want[i*2*largeWrite:], largeAt(i+1, 0)[compactRequestSize:])
		}
		if !bytes.Equal(got, want) {
			t.Errorf("cut at %d: other bytes are written", cut)
		}
	}
}

// TestLargeWriteRefused: a write that follows another is refused like any
// other, and the connection goes on.
func TestLargeWriteRefused(t *testing.T) {
	r := transmitting(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{MaxPayload: largeWrite}})
	tooMuch := request{command: cmdWrite, cookie: 3, length: 2 * largeWrite}
	b := append(largeAt(1, 0), largeAt(2, 1<<20)...)
	b = append(tooMuch.append(b, simple), make([]byte, 2*largeWrite)...)
	go r.nc.Write(append(b, largeAt(4, 0)...))
	for i, want := range []errno{0, errNoSpace, errInvalid, 0} {
		if e := r.answered(uint64(i + 1)); e != want {
			t.Errorf("write %d is answered by %d, not %d", i+1, e, want)
		}
	}
}

// TestAfterLargeWrite: what follows a large write may be anything, or nothing.
func TestAfterLargeWrite(t *testing.T) {
	bye := request{command: cmdDisconnect}
	for name, last := range map[string][]byte{
		"goodbye":      bye.append(nil, simple),
		"out of step":  make([]byte, compactRequestSize),
		"half a write": largeAt(2, 0)[:largeWrite],
	} {
		t.Run(name, func(t *testing.T) {
			r := transmitting(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}})
			r.send(append(largeAt(1, 0), last...))
			r.answered(1)
			_ = r.nc.(*net.UnixConn).CloseWrite()
			r.closed()
		})
	}
	t.Run("the server stops", func(t *testing.T) { // when this function ends
		r := transmitting(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}})
		r.send(append(largeAt(1, 0), largeAt(2, 0)[:largeWrite]...))
		r.answered(1)
	})
}

// TestBeforeTheEnd: what came before a goodbye, or before the client
// broke off in the middle of a write, is carried out and answered.
func TestBeforeTheEnd(t *testing.T) {
	bye := request{command: cmdDisconnect}
	for name, last := range map[string][]byte{"goodbye": bye.append(nil, simple), "half a write": largeAt(9, 0)[:largeWrite]} {
		t.Run(name, func(t *testing.T) {
			disk := newMemory(1 << 20)
			r := transmitting(t, &Server{Exports: Fixed{{Device: disk}}})
			var b []byte
			for i := range uint64(6) {
				b = append(b, largeAt(i+1, i*largeWrite)...)
			}
			go func() {
				_, _ = r.nc.Write(append(b, last...))
				_ = r.nc.(*net.UnixConn).CloseWrite()
			}()
			for i := range uint64(6) {
				if e := r.answered(i + 1); e != 0 {
					t.Errorf("write %d is answered by %d", i+1, e)
				}
			}
			r.closed()
			for i := range uint64(7) {
				want, got := make([]byte, largeWrite), make([]byte, largeWrite)
				if i < 6 {
					copy(want, largeAt(i+1, 0)[compactRequestSize:])
				}
				if err := disk.Read(t.Context(), got, int64(i*largeWrite)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("write %d: %v, or other bytes are written", i+1, err)
				}
			}
		})
	}
}
