package capture

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// connection is one of TCP, from a machine to a server.
type connection struct{ client, server netip.AddrPort }

// stream is what is known of a connection.
type stream struct {
	machine  *Machine
	began    time.Time
	tries    int // SYNs
	answered bool
	closed   bool
	current  *Transfer // the request that is being answered
	seq      uint32    // behind the last byte of the server's that was captured or counted
	shown    uint32    // behind the last one that came, by what either side says
	moved    time.Time // when it did
	synced   bool      // both are known
}

// tcp takes in a segment of a machine's connection.
func (a *assembly) tcp(at time.Time, p packet, l *layers.TCP) {
	src, dst := netip.AddrPortFrom(p.src, uint16(l.SrcPort)), netip.AddrPortFrom(p.dst, uint16(l.DstPort))
	size := max(p.length-4*int(l.DataOffset), len(l.Payload))
	if s, ok := a.conns[connection{src, dst}]; ok {
		s.fromClient(at, a, connection{src, dst}, l)
		return
	}
	if s, ok := a.conns[connection{dst, src}]; ok {
		s.fromServer(at, l, size)
		return
	}
	m := a.at(p.src)
	if m == nil || !l.SYN && method(l.Payload) == "" || l.SYN && l.ACK {
		return
	}
	if !makeRoom(a.conns, func(s *stream) bool { return s.closed }) {
		return
	}
	m.saw(p)
	s := &stream{machine: m, began: at}
	a.conns[connection{src, dst}] = s
	s.fromClient(at, a, connection{src, dst}, l)
}

// method is that of an HTTP request which a segment begins; "" for anything else.
func method(b []byte) string {
	for _, m := range []string{"GET", "HEAD", "POST"} {
		if bytes.HasPrefix(b, []byte(m+" /")) || bytes.HasPrefix(b, []byte(m+" http")) {
			return m
		}
	}
	return ""
}

func (s *stream) fromClient(at time.Time, a *assembly, c connection, l *layers.TCP) {
	switch {
	case l.SYN:
		s.tries++
		s.synced = false // a port that is used again begins with other numbers
	case l.ACK && !l.RST:
		s.reached(at, l.Ack)
	}
	how := method(l.Payload)
	if how != "" {
		s.catchUp()
	}
	if how != "" && (s.current == nil || s.current.Answered) {
		s.next()
		target, _, _ := bytes.Cut(l.Payload[len(how)+1:], []byte(" "))
		line, _, _ := bytes.Cut(target, []byte("\r"))
		s.current = &Transfer{Proto: "http", Method: how, Name: string(line[:min(len(line), maxName)]), Client: c.client, Server: c.server, Start: at, Last: at, Requests: 1}
		a.add(s.machine, &Item{Time: at, Proto: Fetch, Src: c.client, Dst: c.server, Transfer: s.current})
	}
	if l.RST || l.FIN {
		s.close("the machine closed the connection")
	}
}

// next ends a request by the one that follows on its connection: nobody asks for
// more before the answer is there, whatever the capture has missed of it.
func (s *stream) next() {
	if t := s.current; t != nil && !t.Done && t.Err == "" {
		t.Lacks += max(t.Total-t.Bytes, 0)
		t.Done, t.Bytes = true, max(t.Bytes, t.Total)
	}
}

// leave ends the request that is being answered. Where the size was not told,
// what came is all of it.
func (s *stream) leave(why string) {
	s.catchUp()
	t := s.current
	if t == nil || t.Done || t.Err != "" {
		return
	}
	t.Answered = t.Answered || t.Bytes > 0 // by a head that the capture lacks
	if t.Done = t.Answered && t.Total == 0; !t.Done {
		t.Err = why
	}
}

// close ends a connection.
func (s *stream) close(why string) {
	s.closed = true
	s.leave(why)
}

func (s *stream) fromServer(at time.Time, l *layers.TCP, size int) {
	if l.SYN || size > 0 {
		s.answered = true
	}
	if l.RST && !s.answered {
		s.refused(at)
	}
	if l.SYN {
		s.reached(at, l.Seq+1)
	}
	if size > 0 {
		s.data(at, l, size)
	}
	if l.FIN {
		s.reached(at, l.Seq+uint32(size))
	}
	if l.RST || l.FIN {
		s.close("the server closed the connection")
	}
}

// refused is a server that takes no connections.
func (s *stream) refused(at time.Time) {
	s.answered, s.closed = true, true
	s.machine.once(at, "TCP: the server refuses a connection (RST)")
}

// data takes in a part of an answer. What the capture has missed is counted as if
// it were in it.
func (s *stream) data(at time.Time, l *layers.TCP, size int) {
	end := l.Seq + uint32(size)
	s.reached(at, l.Seq)
	fresh, t := int64(int32(end-s.seq)), s.current
	if fresh <= 0 {
		if t != nil {
			t.Retransmissions++
			t.Lacks = max(t.Lacks-int64(size), 0) // or it comes late
		}
		return
	}
	s.reached(at, end)
	s.seq = end
	if t == nil {
		return
	}
	t.Last = at
	if !t.Answered && bytes.HasPrefix(l.Payload, []byte("HTTP/1.")) {
		fresh = t.answer(at, l.Payload, min(fresh, int64(size)))
	}
	t.Lacks += max(fresh-int64(size), 0)
	t.came(fresh)
}

// answer reads the head of a response, and returns how much of the file is behind
// it.
func (t *Transfer) answer(at time.Time, b []byte, size int64) int64 {
	t.Answered, t.First = true, at
	head, _, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	if words := strings.Fields(lines[0]); len(words) > 1 {
		t.Status, _ = strconv.Atoi(words[1])
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.EqualFold(name, "Content-Length"):
			t.Total = size64(value)
		case strings.EqualFold(name, "Content-Range"):
			_, whole, _ := strings.Cut(value, "/")
			t.Whole = size64(whole)
		case strings.EqualFold(name, "Location"):
			t.Location = strings.TrimSpace(value[:min(len(value), maxName)])
		}
	}
	t.judgeStatus(lines[0])
	if !whole {
		return 0
	}
	return max(size-int64(len(head))-4, 0)
}

// size64 is a size in a header; 0 for what is none.
func size64(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// judgeStatus draws the conclusions from a status line.
func (t *Transfer) judgeStatus(line string) {
	_, reason, _ := strings.Cut(line, " ")
	says := "the server says " + strconv.Quote(reason)
	switch {
	case t.Status >= 400:
		t.Err, t.Refused, t.Missing = says, true, t.Status == 404 || t.Status == 410
	case t.Status >= 300:
		t.Err = says
		if t.Location != "" {
			t.Err += " and names " + t.Location + " instead"
		}
	case t.Method == http.MethodHead:
		t.SizeOnly, t.Done = true, true
	case t.Status == 204:
		t.Done = true
	}
}

// finish ends what is under way where the capture does.
func (a *assembly) finish() *Capture {
	for _, s := range a.conns {
		s.catchUp()
	}
	for _, m := range a.Machines {
		for _, i := range m.Items {
			if t := i.Transfer; t != nil && !t.Answered && t.Err == "" && !t.Done {
				t.Err = fmt.Sprintf("no answer of %s to %s", t.Server.Addr(), requests(t.Requests))
			}
		}
	}
	byClient := func(x, y connection) int { return cmp.Or(x.client.Compare(y.client), x.server.Compare(y.server)) }
	for _, c := range slices.SortedFunc(maps.Keys(a.conns), byClient) {
		if s := a.conns[c]; !s.answered && s.tries > 0 {
			t := &Transfer{Proto: "http", Client: c.client, Server: c.server, Start: s.began, Last: s.began, Requests: s.tries,
				Err: fmt.Sprintf("no answer of %s to %s", c.server, connections(s.tries))}
			a.add(s.machine, &Item{Time: s.began, Proto: Fetch, Src: c.client, Dst: c.server, Transfer: t})
		}
	}
	for _, m := range a.Machines {
		slices.SortStableFunc(m.Items, func(x, y *Item) int { return x.Time.Compare(y.Time) })
	}
	if a.other > 0 && len(a.Machines) == 0 {
		a.note("%d of its frames are neither IP nor ARP", a.other)
	}
	return &a.Capture
}

func requests(n int) string {
	if n == 1 {
		return "the request"
	}
	return fmt.Sprintf("%d requests", n)
}

func connections(n int) string {
	if n == 1 {
		return "a connection"
	}
	return fmt.Sprintf("%d tries to connect", n)
}
